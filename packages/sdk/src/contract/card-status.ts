/** What a plugin says of its card beside what it is asked for. */

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** One aspect of the card. `True` is how it should be. */
export interface CardCondition {
  /**
   * What it is about: one CamelCase word of at most 63 characters, e.g. `Uplink`. `Healthy` is the one that the operator
   * reads too: while it is `False` the DPU is not Ready.
   */
  type: string;
  status: ConditionStatus;
  /** Why, for programs: one CamelCase word of at most 63 characters. */
  reason: string;
  /** What is wrong and what to do, for people. More than 1,024 bytes are cut. */
  message: string;
}

/** A port of the card. */
export interface CardLink {
  /** At most 63 characters, e.g. `p0`. */
  name: string;
  up: boolean;
  /** Megabits a second, where they are known. */
  speedMbps?: number | undefined;
}

/** Something that has happened, told once. */
export interface CardEvent {
  /** Default: `Normal`. */
  type?: 'Normal' | 'Warning' | undefined;
  /** One CamelCase word of at most 63 characters. */
  reason: string;
  /** More than 1,024 bytes are cut. */
  message: string;
}

/** All that a plugin says of its card. */
export interface CardStatus {
  /** Undefined where it is not known. */
  firmwareVersion?: string | undefined;
  conditions: CardCondition[];
  links: CardLink[];
  /** What has happened since it was said last. */
  events: CardEvent[];
}

/**
 * Takes what a plugin says of its card. It is shown in the status of the DataProcessingUnit (`kubectl describe dpu`), its
 * column Firmware, events and metrics. What is said twice is said once; changes within 100 ms go together, and the daemon
 * writes ten at once and one every 10 s after that.
 *
 * @example status.set({ type: 'Uplink', status: 'False', reason: 'NoCarrier', message: 'p0 has no carrier: check the cable' })
 */
export interface StatusReporter {
  /** Says a condition, or another thing of it. At most 16 types. @throws DpuError INVALID_ARGUMENT, RESOURCE_EXHAUSTED */
  set(condition: CardCondition): void;
  /** Says no more of that type. */
  clear(type: string): void;
  /** The version of the firmware; more than 128 bytes are cut. */
  firmware(version: string): void;
  /** How a port of the card is. At most 32 of them. @throws DpuError INVALID_ARGUMENT, RESOURCE_EXHAUSTED */
  link(link: CardLink): void;
  /**
   * A temperature in degrees Celsius, by the name of its sensor. It goes into the metrics only, as it changes all the
   * time: say a condition where it is too high. At most 32 sensors. @throws DpuError INVALID_ARGUMENT, RESOURCE_EXHAUSTED
   */
  temperature(sensor: string, celsius: number): void;
  /** Something that has happened. Of more than 16 that nobody has taken the oldest are lost. @throws DpuError INVALID_ARGUMENT */
  event(event: CardEvent): void;
}

/** Bounds of a status, which its writer keeps and its reader checks. */
export const cardBounds = {
  conditions: 16,
  links: 32,
  sensors: 32,
  events: 16,
  /** Bytes. */
  messageBytes: 1_024,
  /** Bytes. */
  firmwareBytes: 128,
} as const;

/** Type or reason of a condition or event. */
export function isWord(text: string): boolean {
  return /^[A-Z][A-Za-z0-9]{0,62}$/.test(text);
}

/** Name of a link or sensor. */
export function isPartName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,62}$/.test(text);
}
