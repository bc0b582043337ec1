/**
 * Keeps the authority and what is published of it. Every look reads anew: it is taken hourly, when something has
 * changed, and before each signature.
 */
import { trustNames } from '../../api/names.ts';
import type { KubeStore } from '../../kube/index.ts';
import type { Authority } from './authority.ts';
import { AuthoritySecrets } from './authority-secret.ts';
import type { IssuedIdentities } from './issued.ts';
import { revokedBy } from './order.ts';
import { type ObservedTrust, planTrust, type TrustPlan } from './plan.ts';
import { revocationsByOrder, revocationsWith } from './revocations.ts';
import { type Found, TrustConfigMap } from './trust-config-map.ts';

export interface Look {
  /** Signs; undefined when nothing can. */
  active: Authority | undefined;
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

  /** @param followed whether what an order asks of the Secret is done; it is taken off once that is published */
  async #look(installation: string, secretName: string, followed = false): Promise<Look> {
    const found = await this.#configMap.read();
    if (found instanceof Error) return { active: undefined, condition: unreadable(found), order: undefined };
    const now = Date.now();
    const order = found?.order;
    const observed = await this.#observe(secretName, found, now);
    const plan = planTrust(followed ? { ...observed, order: undefined } : observed);
    if (plan.write) {
      await this.#secrets.write(plan.write, installation, now);
      return await this.#look(installation, secretName, followed || plan.write !== 'makeAuthority');
    }
    const refused = (await this.#publish(installation, plan, found, now)) ?? plan.refusedOrder;
    if (order !== undefined) await this.#configMap.takeOffOrder(refused);
    this.#lastActive = plan.active;
    return {
      active: plan.active,
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

  /** @returns why an order to revoke cannot be followed; undefined when there is none, or it was followed. */
  async #publish(
    installation: string,
    { authorities }: TrustPlan,
    found: Found | undefined,
    now: number,
  ): Promise<string | undefined> {
    if (!authorities) return undefined;
    const ordered = revokedBy(found?.order, installation);
    // Those of another installation came with a backup.
    const before = found?.trust.installation === installation ? found.trust.revoked : [];
    const gone = await this.#issued.gone();
    const known = revocationsWith(before, await this.#issued.all(), gone, now);
    const revoked = ordered?.subject === undefined ? known : revocationsByOrder(known, ordered.subject, now);
    await this.#configMap.write({ installation, authorities, revoked: [...revoked] }, found);
    await this.#issued.prune(now);
    return ordered?.refused;
  }
}

function unreadable(error: Error): TrustPlan['condition'] {
  return {
    status: 'False',
    reason: 'TrustUnreadable',
    message: `ConfigMap ${trustNames.configMap}: ${error.message}; no certificate is issued. Correct it, or delete it to have it made anew, without what was revoked`,
  };
}
