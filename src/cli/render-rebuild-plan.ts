/** The plan of a rebuild: all that will be on the machine afterwards. */
import { dirname } from 'node:path';
import { formatBytes } from '../base/bytes.ts';
import type { PlannedAccount } from '../operations/rebuild/plan-accounts.ts';
import type { PlannedCode, RebuildPlan } from '../operations/rebuild/rebuild-input.ts';
import { localTime } from '../base/local-time.ts';
import { showName, type Output } from './output.ts';
import { age, count } from './phrases.ts';
import { placeMessage, printNotes, spaceLine } from './plan-parts.ts';

export function printRebuildPlan(output: Output, plan: RebuildPlan): void {
  output.emit(planMessage(plan));
  for (const line of planLines(plan)) output.print(line);
  printNotes(output, plan.notes);
}

function planLines(plan: RebuildPlan): string[] {
  const { stored, app, resumes, places } = plan;
  const { id, snapshot } = stored;
  return [
    `rebuild of ${app.name} from snapshot ${id.slice(0, 8)} of ${localTime(snapshot.time)} (${age(plan.ageMs)} old), made on ${showName(snapshot.hostname ?? 'an unknown host')}`,
    ...(resumes === undefined ? [] : [`goes on with the one begun ${localTime(resumes)}`]),
    ...plan.paths.map(
      ({ path, fileCount, sizeBytes }) =>
        `bring     ${showName(path)}: ${count(fileCount, 'file')}, ${formatBytes(sizeBytes)}`,
    ),
    ...plan.accounts.map((account) => accountLine(account, plan)),
    `config    ${showName(plan.config.path)}: ${CONFIG_WORDS[plan.config.state]}`,
    passwordLine(plan),
    ...(resumes === undefined ? places : []).map((place) =>
      spaceLine(place, `in ${showName(dirname(place.path))}`),
    ),
    ...(plan.code === undefined ? [] : [codeLine(plan.code)]),
    'start     nothing is started; what is left to do is said in the end',
  ];
}

const CONFIG_WORDS: Record<RebuildPlan['config']['state'], string> = {
  write: 'is written, byte for byte as it was',
  same: 'is there already, the same',
  comes: 'comes with the files',
};

function accountLine(
  { kind, name, id, state, idHere }: PlannedAccount,
  { isRoot }: RebuildPlan,
): string {
  const who = `${kind.padEnd(9)} ${name}`;
  if (state === 'there') {
    return idHere === id
      ? `${who}: is there, number ${id}`
      : `${who}: is there with number ${idHere}; what ${id} owned will be its`;
  }
  if (!isRoot) return `${who}: only root can make it; files keep number ${id}`;
  return state === 'new'
    ? `${who}: is made, with number ${id} as it was`
    : `${who}: is made with a new number, ${id} is taken; what ${id} owned will be its`;
}

function passwordLine({ password: { state, path = '' } }: RebuildPlan): string {
  const file = `password  ${showName(path)}:`;
  switch (state) {
    case 'write':
      return `${file} is written, readable by its owner only`;
    case 'same':
      return `${file} is there already, the same`;
    case 'other':
      return `${file} is there with another password, and stays`;
    case 'comes':
      return `${file} comes with the files`;
    case 'unfit':
      return `${file} is not written, white space at its ends would be lost`;
    case 'command':
      return 'password  the config names a program that prints it';
    case 'none':
      return 'password  the config names no file for it: it is not kept on this machine';
  }
}

function codeLine({ folder, isInBackup }: PlannedCode): string {
  const where = showName(folder);
  return isInBackup
    ? `code      ${where}, in the backup`
    : `code      not in the backup: ${where} is left to do`;
}

function planMessage(plan: RebuildPlan): object {
  const { stored, app, accounts, config, password, code } = plan;
  return {
    message_type: 'plan',
    app: app.name,
    snapshot_id: stored.id,
    snapshot_time: stored.snapshot.time,
    hostname: stored.snapshot.hostname,
    age: Math.round(plan.ageMs / 1000),
    ...(plan.resumes !== undefined && { resumes: plan.resumes }),
    paths: plan.paths.map(({ path, fileCount, sizeBytes }) => ({
      path,
      files: fileCount,
      bytes: sizeBytes,
    })),
    places: plan.places.map(placeMessage),
    accounts: accounts.map(({ kind, name, id, state, idHere }) => ({
      kind,
      name,
      id,
      state,
      ...(idHere !== undefined && { id_here: idHere }),
    })),
    config,
    password_file: password,
    ...(plan.unitFile !== undefined && { unit_file: plan.unitFile }),
    ...(code !== undefined && {
      code: {
        folder: code.folder,
        in_backup: code.isInBackup,
        origin: code.origin,
        commit: code.commit,
        version: code.version,
      },
    }),
    notes: plan.notes,
  };
}
