export const sqliteErrors = {};
