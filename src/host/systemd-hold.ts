/**
 * Keeps a systemd unit from starting, and lets it again.
 *
 * A runtime mask is a link to /dev/null in /run/systemd/system. A unit file in /etc/systemd/system
 * wins over it, and the mask has no effect (systemd issue 10583; tried with `systemctl --root`). Apps
 * installed by hand have theirs there: they get a drop-in, which also leaves the unit its ExecStop and
 * limits, while a masked unit has lost them.
 *
 * Both are gone after a reboot. A second drop-in, in /etc/systemd/system, goes on until a file of the
 * caller's is removed, and is of no effect from then on.
 */
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeCause, KeepsakeError } from '../base/errors/keepsake-error.ts';
import type { JsonValue } from '../base/json-value.ts';
import type { HoldOptions, LastingHold } from './service.ts';
import { unitWords, type Systemctl } from './systemctl.ts';
import { dropInPath, isExpressible, removeDropIn, writeDropIn } from './systemd-drop-in.ts';

type Signal = { signal?: AbortSignal | undefined };

interface HeldUnit {
  /** Masked before, by somebody else: stays so. */
  readonly masked: boolean;
  readonly first: 'mask' | 'drop-in';
  /** Where the drop-in is, or would be. */
  readonly dropIn: string | null;
  /** The same of the one that outlives a reboot. */
  readonly lasting: string | null;
  /** Sockets, timers and paths that were active: a start they cannot make ends some of them. */
  readonly triggers: readonly string[];
}

export class SystemdHold {
  readonly #unit: string;
  readonly #systemctl: Systemctl;

  constructor(unit: string, systemctl: Systemctl) {
    this.#unit = unit;
    this.#systemctl = systemctl;
  }

  async hold({ signal, record, known, lasting }: HoldOptions): Promise<JsonValue> {
    const held = known === undefined ? await this.#facts({ signal }) : decodeHeld(known);
    await record?.({ ...held });
    if (lasting !== undefined) await this.#holdAtBoot(held, lasting);
    if (held.masked) return { ...held };
    const problems: string[] = [];
    for (const way of held.first === 'mask' ? ['mask', 'drop-in'] : ['drop-in', 'mask']) {
      const problem =
        way === 'mask' ? await this.#mask({ signal }) : await this.#addDropIn(held, { signal });
      if (problem !== undefined) problems.push(problem);
      else if (await this.#isHeld(held, { signal })) return { ...held };
    }
    const reason = problems[0] ?? 'systemd would start it all the same';
    throw new KeepsakeError('SERVICE_HOLD_FAILED', {
      service: `systemd unit ${this.#unit}`,
      reason,
    });
  }

  /** Undoes each of both ways, whichever a crash left. */
  async release(journaled: JsonValue, options: Signal): Promise<void> {
    const held = decodeHeld(journaled);
    // One that cannot be removed does nothing without its marker.
    const hadLasting =
      held.lasting !== null && (await removeDropIn(held.lasting).catch(() => false));
    if (held.masked) return;
    const hadDropIn = held.dropIn !== null && (await this.#removeDropIn(held.dropIn));
    const hasMask = await this.#hasMask(held);
    if (held.first === 'mask' || hasMask) {
      await this.#do(['unmask', '--runtime', this.#unit], options);
    }
    // Where a mask was removed everything was read anew.
    if (hadDropIn || (hadLasting && !hasMask)) await this.#do(['daemon-reload'], options);
    for (const trigger of held.triggers) {
      const state = await this.#systemctl.state(trigger, options);
      if (state !== 'running') await this.#do(['start', trigger], options);
    }
  }

  async #facts(options: Signal): Promise<HeldUnit> {
    const properties = await this.#systemctl.show(this.#unit, options);
    const folders = await this.#systemctl.unitPath(options);
    const runtime = folders.findIndex((folder) => folder.endsWith('/run/systemd/system'));
    const own = folders.indexOf(dirname(properties.get('FragmentPath') ?? ''));
    const triggers: string[] = [];
    for (const trigger of unitWords(properties.get('TriggeredBy'))) {
      const state = await this.#systemctl.state(trigger, options);
      if (state === 'running') triggers.push(trigger);
    }
    const folder = folders[runtime];
    const etc = folders.find((each) => each.endsWith('/etc/systemd/system'));
    return {
      masked: properties.get('LoadState') === 'masked',
      first: own >= 0 && own < runtime ? 'drop-in' : 'mask',
      dropIn: folder === undefined ? null : dropInPath(this.#unit, folder, 'now'),
      lasting: etc === undefined ? null : dropInPath(this.#unit, etc, 'lasting'),
      triggers,
    };
  }

  /** Read at the next start of the machine; until then the other ways hold. */
  async #holdAtBoot({ lasting: path }: HeldUnit, { marker, onWeak }: LastingHold): Promise<void> {
    try {
      if (path === null) throw new Error('systemd does not say where its units are');
      if (!isExpressible(marker)) throw new Error(`${marker} cannot be written into a unit file`);
      await writeDropIn(path, marker);
    } catch (error) {
      onWeak(describeCause(error));
    }
  }

  /** Says what went wrong. */
  async #mask(options: Signal): Promise<string | undefined> {
    const mask = ['mask', '--runtime', this.#unit];
    const { exitCode, reason } = await this.#systemctl.run(mask, options);
    return exitCode === 0 ? undefined : reason;
  }

  /** Says what went wrong. */
  async #addDropIn({ dropIn }: HeldUnit, options: Signal): Promise<string | undefined> {
    if (dropIn === null) return 'systemd does not say where its runtime units are';
    try {
      await writeDropIn(dropIn);
    } catch (error) {
      return describeCause(error);
    }
    const { exitCode, reason } = await this.#systemctl.run(['daemon-reload'], options);
    return exitCode === 0 ? undefined : reason;
  }

  async #isHeld({ dropIn }: HeldUnit, options: Signal): Promise<boolean> {
    const properties = await this.#systemctl.show(this.#unit, options);
    if (properties.get('LoadState') === 'masked') return true;
    return dropIn !== null && unitWords(properties.get('DropInPaths')).includes(dropIn);
  }

  /** Also one without effect. */
  async #hasMask({ dropIn }: HeldUnit): Promise<boolean> {
    if (dropIn === null) return true;
    const link = join(dirname(dirname(dropIn)), this.#unit);
    return (await lstat(link).catch(() => undefined)) !== undefined;
  }

  async #removeDropIn(path: string): Promise<boolean> {
    try {
      return await removeDropIn(path);
    } catch (error) {
      throw this.#releaseFailed(describeCause(error), `rm ${path} && systemctl daemon-reload`);
    }
  }

  async #do(args: readonly string[], options: Signal): Promise<void> {
    const { exitCode, reason } = await this.#systemctl.run(args, options);
    if (exitCode !== 0) throw this.#releaseFailed(reason, `systemctl ${args.join(' ')}`);
  }

  #releaseFailed(reason: string, command: string): KeepsakeError {
    const service = `systemd unit ${this.#unit}`;
    return new KeepsakeError('SERVICE_RELEASE_FAILED', { service, reason, command });
  }
}

/** From a journal, so nothing is taken for granted. */
function decodeHeld(held: JsonValue): HeldUnit {
  const { masked, first, dropIn, lasting, triggers } = Object(held) as Partial<
    Record<string, JsonValue>
  >;
  const names = Array.isArray(triggers) ? (triggers as readonly JsonValue[]) : [];
  return {
    masked: masked === true,
    first: first === 'drop-in' ? 'drop-in' : 'mask',
    dropIn: typeof dropIn === 'string' ? dropIn : null,
    lasting: typeof lasting === 'string' ? lasting : null,
    triggers: names.filter((name): name is string => typeof name === 'string'),
  };
}
