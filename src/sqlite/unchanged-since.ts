/** Whether a database is as it was at an earlier capture, told without reading it. */
import { isKeepsakeError } from '../base/errors/keepsake-error.ts';
import { walResetWarning, type CaptureWarning } from './capture-warnings.ts';
import { isStillIn, type DatabaseState } from './database-state.ts';
import { assertLocalFileSystem } from './network-file-system.ts';
import { surveySource } from './source-survey.ts';

/**
 * What a capture would warn of, if nothing was committed since `saved`. `undefined` if something
 * was, or if that cannot be told: a capture will then say what is the matter.
 */
export async function lookUnchanged(
  path: string,
  saved: DatabaseState,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<{ warnings: CaptureWarning[] } | undefined> {
  try {
    const survey = await surveySource(path);
    await assertLocalFileSystem(survey.path);
    if (!(await isStillIn(saved, survey.path, options))) return undefined;
    return { warnings: walResetWarning(survey.header) };
  } catch (error) {
    if (!isKeepsakeError(error)) throw error;
    return undefined;
  }
}
