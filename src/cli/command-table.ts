/** Every command, in the order of `keepsake --help`. */
import type { Command } from 'commander';
import type { Action } from './cli.ts';
import { defineBackup } from './commands/backup-command.ts';
import { defineCheck } from './commands/check-command.ts';
import { defineInit } from './commands/init-command.ts';
import { defineSnapshots } from './commands/snapshots-command.ts';
import { defineLs } from './commands/ls-command.ts';
import { defineDrill } from './commands/drill-command.ts';
import { defineDump } from './commands/dump-command.ts';
import { defineExport } from './commands/export-command.ts';
import { defineImport } from './commands/import-command.ts';
import { defineDiff } from './commands/diff-command.ts';
import { defineCompletion } from './commands/completion-command.ts';
import { defineConfig } from './commands/config-command.ts';
import { defineGuard } from './commands/guard-command.ts';
import { defineHistory } from './commands/history-command.ts';
import { defineKey } from './commands/key-command.ts';
import { defineRebuild } from './commands/rebuild-command.ts';
import { defineRecoverySheet } from './commands/recovery-sheet-command.ts';
import { defineRepair } from './commands/repair-command.ts';
import { defineVersion } from './commands/version-command.ts';
import { defineUnlock } from './commands/unlock-command.ts';
import { defineRestore } from './commands/restore-command.ts';
import { defineRollback } from './commands/rollback-command.ts';
import { defineStatus } from './commands/status-command.ts';
import { defineUpdate } from './commands/update-command.ts';
import { defineVerify } from './commands/verify-command.ts';

/** Adds a command to the program; `run` is given what to do when it is called. */
export type DefineCommand = (
  program: Command,
  run: (command: Command, action: Action) => Promise<void>,
) => void;

export const commandTable: readonly DefineCommand[] = [
  defineInit,
  defineBackup,
  defineSnapshots,
  defineLs,
  defineDump,
  defineExport,
  defineImport,
  defineDiff,
  defineRestore,
  defineRollback,
  defineGuard,
  defineUpdate,
  defineRebuild,
  defineStatus,
  defineHistory,
  defineVerify,
  defineDrill,
  defineRecoverySheet,
  defineCheck,
  defineRepair,
  defineUnlock,
  defineKey,
  defineConfig,
  defineVersion,
  defineCompletion,
];
