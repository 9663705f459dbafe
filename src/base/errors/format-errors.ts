export const formatErrors = {};
