export const repositoryErrors = {};
