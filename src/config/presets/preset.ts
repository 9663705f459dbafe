import type {
  CodeConfig,
  DrillConfig,
  HealthConfig,
  ReferenceConfig,
  ServiceConfig,
} from '../app-parts-schema.ts';

/** What a preset says about an app; paths are absolute or relative to the root. */
export interface AppFacts {
  readonly databases?: readonly string[];
  /** Files and folders to back up. */
  readonly files?: readonly string[];
  /** Of `files`, those whose absence is no problem. */
  readonly optionalFiles?: readonly string[];
  readonly exclude?: readonly string[];
  readonly references?: readonly ReferenceConfig[];
  readonly service?: ServiceConfig;
  readonly health?: HealthConfig;
  readonly owner?: string;
  readonly runAs?: string;
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly drill?: DrillConfig;
  readonly code?: CodeConfig;
  /** A `package.json`, or text whose first line is the version. */
  readonly versionFile?: string;
}

/** One way in which the app is installed in the wild. */
export interface Layout<Name extends string = string> {
  readonly name: Name;
  /** For people and the reference. */
  readonly title: string;
  /** Where it usually is. */
  readonly usualRoot: string;
  /** It is this layout if of each list at least one path exists. */
  readonly marks: readonly (readonly string[])[];
  readonly facts: AppFacts;
}

export interface Preset<Name extends string = string, LayoutName extends string = string> {
  readonly name: Name;
  readonly title: string;
  /** True in every layout; a layout's own facts win. */
  readonly facts: AppFacts;
  /** Asked in this order; empty for an app of which nothing is known. */
  readonly layouts: readonly Layout<LayoutName>[];
}
