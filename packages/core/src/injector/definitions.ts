import type { Logger } from 'pino';
import { customResourceDefinition, Informer, KubeStore, networkAttachmentDefinitionMetadata } from '../kube/index.ts';
import type { Definition } from './mutate.ts';
import type { NetworkName } from './networks.ts';

export const definitionCrd = 'network-attachment-definitions.k8s.cni.cncf.io';

/** The cluster's NetworkAttachmentDefinitions, by watch from when Multus is installed. */
export class Definitions {
  /** Asks for one. */
  readonly #asking: KubeStore;
  readonly #crd;
  readonly #informer;

  /**
   * @param askMs milliseconds that an answer about one is waited for: after 5 s the API server gives the webhook up, and
   *   tells the user no reason
   */
  constructor(store: KubeStore, logger: Logger, askMs = 3_000) {
    this.#asking = new KubeStore(store.client.withDeadline(askMs));
    this.#crd = new Informer(store, customResourceDefinition, {
      logger,
      fieldSelector: `metadata.name=${definitionCrd}`,
    });
    this.#informer = new Informer(store, networkAttachmentDefinitionMetadata, { logger });
  }

  /** Returns when the watches are open; that of the definitions only where their kind is there. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#crd.start(signal);
    const isThere = () => {
      const conditions = this.#crd.get(definitionCrd)?.status?.conditions;
      return conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
    };
    // Its rejection is the end of this process.
    const startInformer = () => this.#informer.start(signal).catch(() => {});
    this.#crd.onChange(() => {
      if (isThere()) void startInformer();
    });
    if (isThere()) await startInformer();
  }

  /**
   * The annotations of one, from the watch. One that is not known is asked for: it may have been made together with the
   * pod, a moment ago.
   *
   * @returns undefined where there is none
   * @throws ApiError when the API server does not say it
   */
  find({ namespace, name }: NetworkName): Definition | undefined | Promise<Definition | undefined> {
    const known = this.#informer.get(name, namespace);
    return known ? (known.metadata.annotations ?? {}) : this.#ask({ namespace, name });
  }

  async #ask({ namespace, name }: NetworkName): Promise<Definition | undefined> {
    const asked = await this.#asking.get(networkAttachmentDefinitionMetadata, name, namespace);
    return asked && (asked.metadata.annotations ?? {});
  }
}
