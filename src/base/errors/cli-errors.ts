export const cliErrors = {};
