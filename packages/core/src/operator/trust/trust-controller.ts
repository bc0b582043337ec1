import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { type DpuOperatorConfig, dpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { configName, fieldManagers, trustNames } from '../../api/names/names.ts';
import {
  applyConditions,
  Controller,
  type EventRecorder,
  type KubeStore,
  namespace as namespaceType,
  type Requeue,
} from '../../kube/index.ts';
import { installationOf } from '../../trust/identity.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { tokens } from '../shared/tokens.ts';
import type { Authority } from './authority.ts';
import { IssuedIdentities } from './issued.ts';
import { type Look, type OrderOutcome, TrustKeeper } from './trust-keeper.ts';

/** Secrets are not watched: a change of one is seen within this time. Retired authorities and revocations go by it too. */
const lookAgainMs = 3_600_000;

/** Where something is wrong somebody may be mending it. */
const lookSoonMs = 60_000;

/** Whether somebody has changed more of a config than its status, which tells nothing new of the authority. */
export function isTouched({ metadata, spec }: DpuOperatorConfig, previous: DpuOperatorConfig | undefined): boolean {
  const { resourceVersion: _, ...own } = metadata;
  const { resourceVersion: _before, ...before } = previous?.metadata ?? {};
  return !isDeepStrictEqual([own, spec], [before, previous?.spec]);
}

export interface Signer {
  installation: string;
  authority: Authority;
  /** Identities, and sides of nodes, that get no certificate. */
  barred: readonly string[];
}

/** Keeps the authority of the channel between hosts and DPUs, and says in the condition Trust how it is. */
@injectable()
export class TrustController {
  readonly controller: Controller;
  readonly issued: IssuedIdentities;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #namespace: string;
  readonly #events: EventRecorder;
  readonly #keeper: TrustKeeper;
  #installation: string | undefined;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#namespace = namespace;
    this.#events = events;
    this.issued = new IssuedIdentities(store, namespace, caches.dpus);
    this.#keeper = new TrustKeeper(store, namespace, this.issued);
    this.controller = new Controller({ name: 'trust', logger, reconcile: () => this.reconcile() });
    const enqueue = () => this.controller.enqueue(configName);
    caches.configs.onChange((config, previous, kind) => {
      if (kind !== 'updated' || isTouched(config, previous)) enqueue();
    });
    caches.trust.onChange(enqueue);
    caches.dpus.onChange((_, __, kind) => {
      if (kind === 'deleted') enqueue();
    });
  }

  async reconcile(): Promise<Requeue | undefined> {
    const config = this.#caches.configs.get(configName);
    if (!config) return undefined;
    const look = await this.#look(config);
    await this.#report(config, look);
    return { requeueAfterMs: look.condition.status === 'True' ? lookAgainMs : lookSoonMs };
  }

  /** The authority that signs now, and stands in `ca.crt`; undefined when there is none, which the condition says. */
  async signer(): Promise<Signer | undefined> {
    const config = this.#caches.configs.get(configName);
    if (!config) return undefined;
    const { active, barred } = await this.#look(config);
    return active && { installation: await this.#installationId(), authority: active, barred };
  }

  async #look({ spec }: DpuOperatorConfig): Promise<Look> {
    return await this.#keeper.look(await this.#installationId(), spec.trust?.caSecretName ?? trustNames.authority);
  }

  async #installationId(): Promise<string> {
    if (this.#installation !== undefined) return this.#installation;
    const uid = (await this.#store.get(namespaceType, this.#namespace))?.metadata.uid;
    if (uid === undefined) throw new Error(`the API server does not show namespace ${this.#namespace}`);
    this.#installation = installationOf(uid);
    return this.#installation;
  }

  async #report(config: DpuOperatorConfig, { condition, order }: Look): Promise<void> {
    if (order) await this.#reportOrder(config, order);
    const owned = [{ type: 'Trust', ...condition }];
    const changed = await applyConditions(this.#store, dpuOperatorConfig, config, owned, {
      fieldManager: fieldManagers.trust,
    });
    for (const { reason, message } of changed) {
      const type = reason === 'Issuing' ? 'Normal' : 'Warning';
      await this.#events.event(config, { type, reason, message, action: 'Trust' });
    }
  }

  async #reportOrder(config: DpuOperatorConfig, { order, refused }: OrderOutcome): Promise<void> {
    const action = 'TrustOrder';
    if (refused === undefined) {
      const message = `the order ${order} was followed`;
      await this.#events.event(config, { type: 'Normal', reason: 'TrustOrderFollowed', message, action });
      return;
    }
    const message = `the order ${order} was not followed: ${refused}`;
    await this.#events.event(config, { type: 'Warning', reason: 'TrustOrderRefused', message, action });
  }
}
