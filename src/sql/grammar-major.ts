/** The PostgreSQL whose grammar libpg-query 18 is. Apart from the grammar itself, so that asking loads nothing. */
export const GRAMMAR_MAJOR = 18;
