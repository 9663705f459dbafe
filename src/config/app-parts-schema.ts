/** The parts of an app that are more than one value: service, health, references, drill, code. */
import { z } from 'zod';
import { appPath, argv, duration, environment, httpStatus, httpUrl, text } from './field-types.ts';

/** An object of optional keys of which exactly one must be there. */
const exactlyOne = { minProperties: 1, maxProperties: 1 };

function countKeys(value: unknown): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 1;
}

export const serviceSchema = z
  .strictObject({
    systemd: text.optional().describe('The systemd unit, such as `wishlist.service`.'),
    docker: text.optional().describe('The name of the Docker container.'),
    commands: z
      .strictObject({
        stop: argv.describe(
          'The program that stops the app, and its arguments. It runs as `run-as`, as `start` does.',
        ),
        start: argv.describe('The program that starts the app, and its arguments.'),
      })
      .optional()
      .describe('Programs that stop and start the app, where it is neither of the above.'),
  })
  .refine((value) => countKeys(value) === 1, {
    error: 'needs exactly one of systemd, docker and commands',
    when: () => true,
  })
  .meta(exactlyOne);

const unhealthySchema = z
  .strictObject({
    status: httpStatus.describe('The status of this answer.'),
    location: text
      .optional()
      .describe('Where it redirects to; without it any answer of that status counts.'),
    means: text.describe('What it means, for the report.'),
  })
  .describe('Answers with a known bad meaning.');

export const healthSchema = z
  .strictObject({
    url: httpUrl.describe('What to ask for. It should read the database.'),
    status: httpStatus.default(200).describe('The status of a healthy answer.'),
    timeout: duration
      .prefault('60s')
      .describe('How long the app may take until it answers well, after a start.'),
    not: z.array(unhealthySchema).default([]).describe('Answers with a known bad meaning.'),
  })
  .transform(({ timeout, ...health }) => ({ ...health, timeoutMs: timeout }));

export const referenceSchema = z.strictObject({
  database: appPath.describe('The database that holds the rows; absolute or relative to the root.'),
  table: text.describe('The table.'),
  column: text.describe('The column that holds a file name, or nothing.'),
  folder: appPath.describe('The folder where that file must be; absolute or relative to the root.'),
  ignore: z
    .enum(['url', 'nothing'])
    .default('url')
    .describe('`url`: a value that is an http or https URL names no file. `nothing`: each does.'),
});

export const drillSchema = z
  .strictObject({
    command: argv.describe(
      'Starts the app on a restored copy. `{root}` stands for the copy of the root, `{port}` for a free port.',
    ),
    'working-directory': appPath
      .optional()
      .describe(
        'Where it runs; absolute, relative to the root, or `{root}/…` as above. Without it: the copy of the root.',
      ),
    environment: environment
      .default({})
      .describe('Environment of the command; `{root}` and `{port}` as above.'),
    path: z
      .string()
      .regex(/^\//, { error: 'must begin with "/"' })
      .default('/')
      .describe('The page to ask the copy for.'),
    timeout: duration.prefault('60s').describe('How long the copy may take to answer.'),
    'without-network-isolation': z
      .boolean()
      .default(false)
      .describe(
        'Start the copy also where it cannot be kept from the network. It may then send mail, and reach whatever its own settings name.',
      ),
  })
  .transform((drill) => ({
    command: drill.command,
    workingDirectory: drill['working-directory'],
    environment: drill.environment,
    path: drill.path,
    timeoutMs: drill.timeout,
    withoutNetworkIsolation: drill['without-network-isolation'],
  }));

export const codeSchema = z.strictObject({
  folder: appPath.describe('The git checkout; absolute or relative to the root.'),
  build: z
    .array(argv)
    .default([])
    .describe('Programs to run in it, in order, after another version is checked out.'),
  migrate: z
    .array(argv)
    .default([])
    .describe('Programs to run in it after those, to bring the database to that version.'),
});

export type ServiceConfig = z.output<typeof serviceSchema>;
export type HealthConfig = z.output<typeof healthSchema>;
export type ReferenceConfig = z.output<typeof referenceSchema>;
export type DrillConfig = z.output<typeof drillSchema>;
export type CodeConfig = z.output<typeof codeSchema>;
