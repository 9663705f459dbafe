export const backendErrors = {};
