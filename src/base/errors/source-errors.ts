export const sourceErrors = {};
