import { randomBytes } from 'node:crypto';
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { Logger } from 'pino';
import { event as eventType } from '../objects/builtins.ts';
import type { ObjectReference } from '../objects/resource.ts';
import type { KubeStore } from '../objects/store.ts';
import { microTime } from '../objects/time.ts';

export interface EventInput {
  type: 'Normal' | 'Warning';
  /** One CamelCase word. */
  reason: string;
  message: string;
  /** What the controller was doing. Events of one action on one object are compared with each other only. */
  action?: string;
}

/** The API server refuses longer notes. */
const longestNote = 1024;

/** How many objects' last events are remembered. */
const memory = 1000;

/** Writes events that people see by `kubectl describe` and `kubectl events`. */
export class EventRecorder {
  readonly #store: KubeStore;
  readonly #controller: string;
  readonly #instance: string;
  readonly #logger: Logger;
  readonly #last = new Map<string, string>();

  /** @param instance the pod that reports. */
  constructor(store: KubeStore, controller: string, instance: string, logger: Logger) {
    this.#store = store;
    this.#controller = controller;
    this.#instance = instance;
    this.#logger = logger;
  }

  /** Writes an event unless it says what the last one said. Never rejects: an event that is lost is no failure. */
  async event(object: ObjectReference, input: EventInput): Promise<void> {
    const action = input.action ?? 'Reconcile';
    const about = `${object.metadata.uid ?? `${object.kind}/${object.metadata.name}`}/${action}`;
    const text = `${input.type}/${input.reason}/${input.message}`;
    if (this.#last.get(about) === text) return;
    this.#last.delete(about);
    this.#last.set(about, text);
    const [oldest] = this.#last.keys();
    if (this.#last.size > memory && oldest) this.#last.delete(oldest);
    try {
      await this.#store.create(eventType, this.#render(object, input, action));
    } catch (error) {
      this.#logger.debug({ err: error, reason: input.reason }, 'an event was not recorded');
    }
  }

  #render({ apiVersion, kind, metadata }: ObjectReference, input: EventInput, action: string) {
    // Events of cluster-scoped objects go where kubectl looks for them.
    const namespace = metadata.namespace ?? 'default';
    const { name, uid, resourceVersion } = metadata;
    return {
      apiVersion: eventType.apiVersion,
      kind: eventType.kind,
      metadata: { name: `${name.slice(0, 200)}.${randomBytes(8).toString('hex')}`, namespace },
      eventTime: microTime(new Date()),
      reportingController: this.#controller,
      reportingInstance: this.#instance.slice(0, 128),
      action,
      reason: input.reason,
      note: cutText(input.message, longestNote),
      type: input.type,
      regarding: { apiVersion, kind, name, namespace: metadata.namespace, uid, resourceVersion },
    };
  }
}
