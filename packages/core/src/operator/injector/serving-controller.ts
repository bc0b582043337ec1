import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { z } from 'zod';
import { metadataSchema } from '../../api/fields/meta.ts';
import { fieldManagers, injectorNames } from '../../api/names/names.ts';
import {
  Controller,
  Informer,
  isConflict,
  type KubeStore,
  type Requeue,
  secret as secretType,
} from '../../kube/index.ts';
import { x509 } from '../../trust/x509/run.ts';
import { detectFlavour } from '../config/flavour.ts';
import type { Environment } from '../shared/environment.ts';
import { tokens } from '../shared/tokens.ts';
import { keeperOf, planServing, type ServingCertificate, servingLifetimeMs } from './plan.ts';

/** As far as the operator has to do with it. */
const webhookType = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  namespaced: false,
  schema: z.object({
    apiVersion: z.literal('admissionregistration.k8s.io/v1'),
    kind: z.literal('MutatingWebhookConfiguration'),
    metadata: metadataSchema,
    webhooks: z
      .array(z.object({ name: z.string(), clientConfig: z.object({ caBundle: z.string().optional() }) }))
      .default([]),
  }),
} as const;

type Webhook = z.infer<typeof webhookType.schema>;

/** Secrets are not watched: one that was deleted or spoilt is seen within this time, and new pods of the injector wait for it. */
const lookAgainMs = 60_000;

const fields = { authority: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const;

interface FoundSecret {
  serving: ServingCertificate;
  /** Their uids. */
  owners: (string | undefined)[];
  resourceVersion: string | undefined;
}

/** Keeps the certificate of the injector's webhook, and what the API server knows it by. */
@injectable()
export class ServingController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #namespace: string;
  readonly #logger: Logger;
  readonly #webhooks: Informer<Webhook>;
  #hasServiceCa: boolean | undefined;
  /** Made, but not in the Secret yet. */
  #made: ServingCertificate | undefined;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.environment) { namespace }: Pick<Environment, 'namespace'>,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#namespace = namespace;
    this.#logger = logger;
    this.controller = new Controller({ name: 'injector-serving', logger, reconcile: (key) => this.reconcile(key) });
    const fieldSelector = `metadata.name=${injectorNames.webhook}`;
    this.#webhooks = new Informer(store, webhookType, { logger, fieldSelector });
    this.#webhooks.onChange(({ metadata }) => this.controller.enqueue(metadata.name));
  }

  /** Watches the webhook. Nothing else of the operator waits for it: where its rights are older, it has none to this. */
  watch(signal: AbortSignal): void {
    this.#webhooks.start(signal).catch((error) => this.#logger.debug({ err: error }, 'stopped before it was synced'));
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    const webhook = this.#webhooks.getByKey(key);
    if (!webhook) return undefined;
    this.#hasServiceCa ??= (await detectFlavour(this.#store)) !== 'kubernetes';
    if (keeperOf(webhook.metadata.annotations, this.#hasServiceCa) === 'operator') await this.#keep(webhook);
    return { requeueAfterMs: lookAgainMs };
  }

  async #keep(webhook: Webhook): Promise<void> {
    const now = Date.now();
    const name = `${injectorNames.service}.${this.#namespace}.svc`;
    const found = await this.#read();
    const bundle = webhook.webhooks.map(({ clientConfig }) => decode(clientConfig.caBundle)).join('\n');
    const isOwned = found?.owners.includes(webhook.metadata.uid) ?? false;
    const { renew, authorities } = planServing({ now, name, secret: found?.serving, isOwned, bundle });
    if (renew === undefined) {
      this.#made = undefined;
      return await this.#publish(webhook, authorities);
    }
    // Where the Secret cannot be written the next try has the same one: another would be another write to the webhook, whose
    // watch calls for a try at once, and would displace an authority that is in use.
    this.#made ??= await x509('makeServingCertificate', { name, issued: now, notAfter: now + servingLifetimeMs });
    const made = this.#made;
    const authority = made.authority.trim();
    // First: what the injector shows must be known by then.
    await this.#publish(webhook, [authority, ...authorities.filter((pem) => pem !== authority)]);
    await this.#write(webhook, made, found?.resourceVersion);
    this.#made = undefined;
    this.#logger.info({ secret: injectorNames.certificate, because: renew }, 'made a certificate for the injector');
  }

  async #publish(webhook: Webhook, authorities: readonly string[]): Promise<void> {
    const caBundle = encode(`${authorities.join('\n')}\n`);
    if (webhook.webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return;
    const { apiVersion, kind, metadata, webhooks } = webhook;
    await this.#store.apply(
      webhookType,
      {
        apiVersion,
        kind,
        // By its uid: one that has gone is not made again.
        metadata: { name: metadata.name, uid: metadata.uid },
        webhooks: webhooks.map(({ name }) => ({ name, clientConfig: { caBundle } })),
      },
      { fieldManager: fieldManagers.injector },
    );
  }

  async #read(): Promise<FoundSecret | undefined> {
    const found = await this.#store.get(secretType, injectorNames.certificate, this.#namespace);
    if (!found) return undefined;
    const field = (name: string) => decode(found.data?.[name]);
    return {
      serving: {
        authority: field(fields.authority),
        certificate: field(fields.certificate),
        key: field(fields.key),
      },
      owners: (found.metadata.ownerReferences ?? []).map(({ uid }) => uid),
      resourceVersion: found.metadata.resourceVersion,
    };
  }

  /** @param resourceVersion of the Secret that is there; another's write since then fails with a conflict */
  async #write(webhook: Webhook, made: ServingCertificate, resourceVersion: string | undefined): Promise<void> {
    const name = injectorNames.certificate;
    const data = {
      [fields.authority]: encode(made.authority),
      [fields.certificate]: encode(made.certificate),
      [fields.key]: encode(made.key),
    };
    const { apiVersion, kind, metadata } = webhook;
    // It goes with the webhook. Not by blockOwnerDeletion, which would take a right on the webhook's finalizers.
    const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }];
    if (resourceVersion !== undefined) {
      const patch = { metadata: { resourceVersion, ownerReferences }, data };
      await this.#store.patch(secretType, name, this.#namespace, patch);
      return;
    }
    const { apiVersion: version, kind: secretKind } = secretType;
    const created = { name, namespace: this.#namespace, ownerReferences };
    const secret = { apiVersion: version, kind: secretKind, metadata: created, type: 'kubernetes.io/tls', data };
    await this.#store.create(secretType, secret).catch((error) => {
      // Somebody put one there meanwhile: it is looked at next.
      if (!isConflict(error)) throw error;
      this.controller.enqueue(webhook.metadata.name);
    });
  }
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text = ''): string => Buffer.from(text, 'base64').toString('utf8');
