/** What a plugin has said of its card, within bounds. */
import {
  type CardCondition,
  type CardEvent,
  type CardLink,
  type CardStatus,
  cardBounds,
  isPartName,
  isWord,
  type StatusReporter,
} from '../../contract/card-status.ts';
import type { Logger } from '../../contract/contract.ts';
import { cutText } from '../../cut-text.ts';
import { DpuError } from '../../errors.ts';

const statuses: ReadonlySet<string> = new Set(['True', 'False', 'Unknown']);

/** Numbers of events, of which every watcher knows up to which it has had them. */
interface NumberedEvent {
  number: number;
  event: CardEvent;
}

export class StatusBoard implements StatusReporter {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #conditions = new Map<string, CardCondition>();
  readonly #links = new Map<string, CardLink>();
  readonly #temperatures = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #firmware: string | undefined;
  #events: NumberedEvent[] = [];
  #lastNumber = 0;
  /** The last event that some watcher has had. */
  #taken = 0;
  #lossIsTold = false;

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  set({ type, status, reason, message }: CardCondition): void {
    requireWord('type', type);
    requireWord('reason', reason);
    if (!statuses.has(status)) throw invalid('status', status, 'True, False or Unknown');
    const condition = {
      type,
      status,
      reason,
      message: cutText(requireText('message', message), cardBounds.messageBytes),
    };
    this.#put(this.#conditions, type, condition, cardBounds.conditions, 'types of conditions');
  }

  clear(type: string): void {
    if (this.#conditions.delete(type)) this.#changed();
  }

  firmware(version: string): void {
    const text = cutText(requireText('version', version), cardBounds.firmwareBytes);
    if (text === this.#firmware) return;
    this.#firmware = text;
    this.#changed();
  }

  link({ name, up, speedMbps }: CardLink): void {
    requirePartName('name', name);
    if (typeof up !== 'boolean') throw invalid('up', up, 'true or false');
    if (speedMbps !== undefined && !isSpeed(speedMbps))
      throw invalid('speedMbps', speedMbps, 'a whole number from 0 on');
    this.#put(this.#links, name, { name, up, speedMbps }, cardBounds.links, 'links');
  }

  temperature(sensor: string, celsius: number): void {
    requirePartName('sensor', sensor);
    if (!Number.isFinite(celsius)) throw invalid('celsius', celsius, 'a number');
    requireRoom(this.#temperatures, sensor, cardBounds.sensors, 'sensors');
    this.#temperatures.set(sensor, celsius);
  }

  event({ type = 'Normal', reason, message }: CardEvent): void {
    if (type !== 'Normal' && type !== 'Warning') throw invalid('type', type, 'Normal or Warning');
    requireWord('reason', reason);
    const event = { type, reason, message: cutText(requireText('message', message), cardBounds.messageBytes) };
    this.#lastNumber += 1;
    this.#events.push({ number: this.#lastNumber, event });
    if (this.#events.length > cardBounds.events) this.#loseOldest();
    this.#changed();
  }

  get temperatures(): ReadonlyMap<string, number> {
    return this.#temperatures;
  }

  /** Why the plugin says that it is not healthy; undefined where it does not. */
  get unhealthy(): CardCondition | undefined {
    const condition = this.#conditions.get('Healthy');
    return condition?.status === 'False' ? condition : undefined;
  }

  /** All that is said now, without events. */
  get now(): CardStatus {
    return {
      firmwareVersion: this.#firmware,
      conditions: [...this.#conditions.values()],
      links: [...this.#links.values()],
      events: [],
    };
  }

  /** One who is told all and then what is new. Events from before it are its own where nobody has had them. */
  watcher(): { next(): CardStatus } {
    let had = this.#taken;
    return {
      next: () => {
        const events = this.#events.filter(({ number }) => number > had).map(({ event }) => event);
        had = this.#lastNumber;
        this.#taken = Math.max(this.#taken, had);
        return { ...this.now, events };
      },
    };
  }

  /** Calls back after each change. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put<T extends object>(all: Map<string, T>, key: string, value: T, most: number, what: string): void {
    requireRoom(all, key, most, what);
    if (JSON.stringify(all.get(key)) === JSON.stringify(value)) return;
    all.set(key, value);
    this.#changed();
  }

  #loseOldest(): void {
    const lost = this.#events.shift();
    if (this.#lossIsTold || !lost || lost.number <= this.#taken) return;
    this.#lossIsTold = true;
    this.#logger.warn({ reason: lost.event.reason }, 'events are lost: more than 16 wait for a daemon to take them');
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function requireRoom(all: ReadonlyMap<string, unknown>, key: string, most: number, what: string): void {
  if (all.has(key) || all.size < most) return;
  throw new DpuError(
    'RESOURCE_EXHAUSTED',
    `${key}: there are ${most} ${what} already, which is the most that is shown`,
  );
}

function requireWord(field: string, value: string): void {
  if (typeof value !== 'string' || !isWord(value)) {
    throw invalid(field, value, 'one CamelCase word of at most 63 characters');
  }
}

function requirePartName(field: string, value: string): void {
  if (typeof value !== 'string' || !isPartName(value)) {
    throw invalid(field, value, 'a name of at most 63 letters, digits and -_.:/');
  }
}

function requireText(field: string, value: string): string {
  if (typeof value !== 'string') throw invalid(field, value, 'a text');
  return value;
}

function isSpeed(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function invalid(field: string, value: unknown, wanted: string): DpuError {
  return new DpuError('INVALID_ARGUMENT', `${field} must be ${wanted}, is ${JSON.stringify(value)}`);
}
