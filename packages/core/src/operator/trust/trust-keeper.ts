/**
 * Keeps the authority and what is published of it. Every look reads anew: it is taken hourly, when something has
 * changed, and before each signature.
 */
import { trustNames } from '../../api/names/names.ts';
import type { KubeStore } from '../../kube/index.ts';
import type { Authority } from './authority.ts';
import { AuthoritySecrets } from './authority-secret.ts';
import type { IssuedIdentities } from './issued.ts';
import { type SubjectOrder, subjectOrder } from './order.ts';
import { type ObservedTrust, planTrust, type SecretWrite, type TrustPlan } from './plan.ts';
import type { PublishedAuthority, PublishedTrust } from './published-trust.ts';
import { barredOf, revocationsByOrder, revocationsWith } from './revocations.ts';
import { type Found, TrustConfigMap } from './trust-config-map.ts';

export interface Look {
  /** Signs; undefined when nothing can. */
  active: Authority | undefined;
  /** Identities, and sides of nodes, that get no certificate. */
  barred: readonly string[];
  condition: TrustPlan['condition'];
  order: OrderOutcome | undefined;
}

export interface OrderOutcome {
  order: string;
  /** Why it was not followed. */
  refused: string | undefined;
}

export class TrustKeeper {
  readonly #secrets: AuthoritySecrets;
  readonly #configMap: TrustConfigMap;
  readonly #issued: IssuedIdentities;
  #lastActive: Authority | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: KubeStore, namespace: string, issued: IssuedIdentities) {
    this.#secrets = new AuthoritySecrets(store, namespace);
    this.#configMap = new TrustConfigMap(store, namespace);
    this.#issued = issued;
  }

  /** Brings Secret and ConfigMap in line, one look after the other. @param secretName the Secret that is to sign */
  async look(installation: string, secretName: string): Promise<Look> {
    const look = this.#turn.then(() => this.#look(installation, secretName));
    this.#turn = look.catch(() => {});
    return await look;
  }

  /** @param written what was done to the Secret just now */
  async #look(installation: string, secretName: string, written?: SecretWrite): Promise<Look> {
    const found = await this.#configMap.read();
    if (found instanceof Error)
      return { active: undefined, barred: [], condition: unreadable(found), order: undefined };
    const now = Date.now();
    const plan = planTrust(await this.#observe(secretName, found, now));
    if (plan.write) {
      if (plan.write === written) throw new Error(`Secret ${secretName} does not show what was written to it`);
      await this.#secrets.write(plan.write, installation, now);
      return await this.#look(installation, secretName, plan.write);
    }
    const { refused, trust } = await this.#publish(installation, plan, found, now);
    this.#lastActive = plan.active;
    const order = found?.order;
    return {
      active: plan.active,
      barred: barredOf(trust?.revoked ?? []),
      condition: plan.condition,
      order: order === undefined ? undefined : { order, refused },
    };
  }

  async #observe(secretName: string, found: Found | undefined, now: number): Promise<ObservedTrust> {
    const secret = await this.#secrets.read(secretName, now);
    const atHand = this.#lastActive ? [this.#lastActive] : [];
    if (secret.state !== 'usable' && secretName !== trustNames.authority) {
      const own = await this.#secrets.read(trustNames.authority, now);
      if (own.state === 'usable') atHand.push(own.authority);
    }
    return { now, secretName, secret, atHand, published: found?.trust, order: found?.order };
  }

  /** @returns what is published now, and why an order cannot be followed; undefined when there is none, or it was followed */
  async #publish(
    installation: string,
    { authorities, refusedOrder }: TrustPlan,
    found: Found | undefined,
    now: number,
  ): Promise<{ refused: string | undefined; trust: PublishedTrust | undefined }> {
    const parsed = subjectOrder(found?.order, installation);
    const ordered = parsed?.subject === undefined ? undefined : parsed;
    const refused = parsed?.subject === undefined ? (parsed?.refused ?? refusedOrder) : undefined;
    const trust = authorities && (await this.#trustWith(installation, authorities, ordered, found, now));
    if (found?.order !== undefined) await this.#configMap.answerOrder(trust, found, refused);
    else if (trust) await this.#configMap.write(trust, found);
    if (trust) await this.#issued.prune(now);
    return { refused, trust };
  }

  async #trustWith(
    installation: string,
    authorities: PublishedAuthority[],
    ordered: SubjectOrder | undefined,
    found: Found | undefined,
    now: number,
  ): Promise<PublishedTrust> {
    // Those of another installation came with a backup.
    const before = found?.trust.installation === installation ? found.trust.revoked : [];
    const gone = await this.#issued.gone(before, now);
    const known = revocationsWith(before, await this.#issued.all(), gone, now);
    const revoked = ordered ? revocationsByOrder(known, ordered, now) : known;
    return { installation, authorities, revoked: [...revoked] };
  }
}

function unreadable(error: Error): TrustPlan['condition'] {
  return {
    status: 'False',
    reason: 'TrustUnreadable',
    message: `ConfigMap ${trustNames.configMap}: ${error.message}; no certificate is issued. Correct it, or delete it to have it made anew, without what was revoked`,
  };
}
