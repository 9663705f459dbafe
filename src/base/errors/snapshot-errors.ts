export const snapshotErrors = {};
