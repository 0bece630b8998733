drop view parcel_overview;
