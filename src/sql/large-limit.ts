/** In UTF-16 units: of a longer text the grammar does not read the INSERTs, and the server judges them when they are run. */
export const LARGE = 4 << 20;
