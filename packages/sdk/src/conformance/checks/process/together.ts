/** Checks around one costly event: each sets its scene, the event happens once, then each looks at what became of it. */
import { DpuError } from '../../../errors.ts';
import type { CheckContext } from '../../check.ts';
import type { VspProcess } from '../../target/vsp-process.ts';

export interface Scene<Event> {
  /** Whether it can be set here: the checks have needs of their own, and the first of them runs the scenes of all. */
  applies(context: CheckContext): boolean;
  /** Before the event; answers how to look after it. */
  set(context: CheckContext): Promise<(event: Event) => Promise<void>>;
}

type Outcomes = ReadonlyMap<string, PromiseSettledResult<void>>;

export class Together<Event> {
  readonly #event: (context: CheckContext) => Promise<Event>;
  readonly #scenes: Readonly<Record<string, Scene<Event>>>;
  /** A session has one process object, however often that is started. */
  readonly #done = new WeakMap<VspProcess, Promise<Outcomes>>();

  /** @param scenes in the order in which they are set */
  constructor(event: (context: CheckContext) => Promise<Event>, scenes: Readonly<Record<string, Scene<Event>>>) {
    this.#event = event;
    this.#scenes = scenes;
  }

  /** @throws What the scene of that name threw, or the event. */
  async check(name: string, context: CheckContext): Promise<void> {
    const done = this.#done.get(context.process) ?? this.#all(context);
    this.#done.set(context.process, done);
    const outcome = (await done).get(name);
    if (!outcome) throw new DpuError('INTERNAL', `the scene ${name} was not set`);
    if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #all(context: CheckContext): Promise<Outcomes> {
    const outcomes = new Map<string, PromiseSettledResult<void>>();
    const looks = new Map<string, (event: Event) => Promise<void>>();
    for (const [name, scene] of Object.entries(this.#scenes)) {
      if (!scene.applies(context)) continue;
      const [setting] = await Promise.allSettled([scene.set(context)]);
      if (setting.status === 'fulfilled') looks.set(name, setting.value);
      else outcomes.set(name, setting);
    }
    const event = await this.#event(context);
    for (const [name, look] of looks) {
      const [outcome] = await Promise.allSettled([look(event)]);
      outcomes.set(name, outcome);
    }
    return outcomes;
  }
}
