/** One app of `keepsake.yaml`. Descriptions here are the reference in docs/configuration.md. */
import { z } from 'zod';
import {
  codeSchema,
  drillSchema,
  healthSchema,
  referenceSchema,
  serviceSchema,
} from './app-parts-schema.ts';
import { absolutePath, appPath, environment, ownerName, text, userName } from './field-types.ts';
import { layoutNames, presetNames } from './presets/all-presets.ts';

export const appSchema = z
  .strictObject({
    preset: z
      .enum(presetNames)
      .default('sqlite-app')
      .describe('What is known about the app. Each key below overrides what the preset says.'),
    layout: z
      .enum(layoutNames)
      .optional()
      .describe(
        'Which layout of the preset it is. Without it: found by looking at the root, which needs the app to be there.',
      ),
    root: absolutePath.optional().describe('The folder of the app. `sqlite-app` needs it.'),
    databases: z
      .array(appPath)
      .optional()
      .describe('SQLite files, each of which must exist. Without them: found by their content.'),
    files: z
      .array(appPath)
      .optional()
      .describe('Files and folders to back up beside the databases.'),
    exclude: z
      .array(text)
      .optional()
      .describe(
        "What to leave out: patterns as restic's `--exclude` takes them; `./` begins one relative to the root.",
      ),
    references: z
      .array(referenceSchema)
      .optional()
      .describe('Columns that name files, for the cross-check of rows and uploads.'),
    service: serviceSchema.optional().describe('How the app is stopped and started.'),
    health: healthSchema.optional().describe('How to see that the app is well.'),
    owner: ownerName.optional().describe('`user` or `user:group` that owns restored files.'),
    'run-as': userName.optional().describe("The user that the app's commands run as."),
    'working-directory': appPath.optional().describe("Where the app's commands run."),
    environment: environment.optional().describe("Environment of the app's commands."),
    drill: drillSchema.optional().describe('How to start the app on a restored copy.'),
    code: codeSchema.optional().describe("The app's code, where Keepsake may update it."),
    'version-file': appPath
      .optional()
      .describe(
        "File that names the app's version: a `package.json`, or text whose first line is it.",
      ),
  })
  .transform((app) => ({
    preset: app.preset,
    layout: app.layout,
    root: app.root,
    databases: app.databases,
    files: app.files,
    exclude: app.exclude,
    references: app.references,
    service: app.service,
    health: app.health,
    owner: app.owner,
    runAs: app['run-as'],
    workingDirectory: app['working-directory'],
    environment: app.environment,
    drill: app.drill,
    code: app.code,
    versionFile: app['version-file'],
  }));
