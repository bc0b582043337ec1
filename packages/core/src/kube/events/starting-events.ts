/** What is normal while something starts is no Warning until it has lasted: a VSP that is not there yet, say. */
import type { KubeObject } from '../objects/resource.ts';
import type { EventInput, EventRecorder } from './events.ts';

export interface StartingEventsOptions {
  events: Pick<EventRecorder, 'event'>;
  /** Reasons that are normal at a start. */
  ordinary: ReadonlySet<string>;
  /** Milliseconds after the start of this process, and of the object, in which they are. Default: 60,000. */
  startMs?: number;
}

/** Records events as an {@link EventRecorder} does. */
export class StartingEvents {
  readonly #options: StartingEventsOptions;
  readonly #startedAt = Date.now();
  /** By object and action: the Warning that follows when what was said last still holds. */
  readonly #due = new Map<string, NodeJS.Timeout>();

  constructor(options: StartingEventsOptions) {
    this.#options = options;
  }

  /** Writes a Warning of an ordinary reason as Normal during the start, and as a Warning after it unless another event follows. */
  async event(object: KubeObject, input: EventInput): Promise<void> {
    const { events, ordinary } = this.#options;
    const about = `${object.metadata.uid ?? object.metadata.name}/${input.action ?? ''}`;
    this.#cancel(about);
    const leftMs = this.#leftMs(object);
    if (input.type === 'Normal' || !ordinary.has(input.reason) || leftMs <= 0) return await events.event(object, input);
    const warn = () => {
      this.#due.delete(about);
      void events.event(object, input);
    };
    this.#due.set(about, setTimeout(warn, leftMs).unref());
    await events.event(object, { ...input, type: 'Normal' });
  }

  /** Nothing follows about an object that is no more. */
  forget({ metadata }: KubeObject): void {
    const prefix = `${metadata.uid ?? metadata.name}/`;
    for (const about of this.#due.keys()) if (about.startsWith(prefix)) this.#cancel(about);
  }

  #cancel(about: string): void {
    clearTimeout(this.#due.get(about));
    this.#due.delete(about);
  }

  /** By this process's clock and the API server's; clocks apart make the start longer or shorter by as much. */
  #leftMs({ metadata }: KubeObject): number {
    const { startMs = 60_000 } = this.#options;
    const createdAt = Date.parse(metadata.creationTimestamp ?? '') || 0;
    return Math.min(startMs, Math.max(this.#startedAt, createdAt) + startMs - Date.now());
  }
}
