/** Tells of records that cannot be read, on the node that they are on. */
import type { EventRecorder } from '../../kube/index.ts';

export interface UnreadableRecordsOptions {
  /** Those that there are now, each with the reason. */
  list: () => readonly string[];
  events: Pick<EventRecorder, 'event'>;
  nodeName: string;
}

export class UnreadableRecordsReport {
  readonly #options: UnreadableRecordsOptions;
  #told = '';

  constructor(options: UnreadableRecordsOptions) {
    this.#options = options;
  }

  /** There may be others now: writes an event where there are. */
  update(): void {
    const { list, events, nodeName } = this.#options;
    const unreadable = list();
    const isNews = unreadable.join('\n') !== this.#told;
    this.#told = unreadable.join('\n');
    const [first, ...others] = unreadable;
    if (!first || !isNews) return;
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    const advice = 'nothing is cleaned up for being unknown until such files are deleted';
    const message = `records cannot be read: ${first}${more}; ${advice}`;
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } };
    void events.event(node, { type: 'Warning', reason: 'RecordUnreadable', message, action: 'ReadRecords' });
  }
}
