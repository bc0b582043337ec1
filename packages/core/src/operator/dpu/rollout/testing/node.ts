/** A node that rollouts of plugins are tried on, as far as a plan can tell one from a real one. */
import { podOf } from '@dpu-operator/sdk/manifest';
import { expect } from 'vitest';
import type { PluginRun, Rollout } from '../../../../api/fields/plugin-run.ts';
import type { Wait } from '../fleet/waits-for.ts';
import { lastedOf } from '../observe.ts';
import type { Action, ObservedState } from '../observed-state.ts';
import { planRollout } from '../plan.ts';
import { installKey } from '../plugin-run.ts';
import type { RolloutStatus } from '../rollout-status.ts';

const startedAt = Date.parse('2026-01-01T00:00:00Z');

export function pluginRun(name: string, version: string, more: Partial<PluginRun> = {}): PluginRun {
  const run = {
    name,
    version,
    image: 'vsp:1',
    package: `@vendor/${name}`,
    integrity: `sha512-${version}`,
    lock: `lock-${version}`,
    products: ['Card'],
    disturbsTraffic: false,
    pod: { ...podOf({ pod: {} }, 'host'), companions: [] },
    settings: {},
    ...more,
  };
  return { ...run, digest: `${name}-${version}-${JSON.stringify(run.settings)}` };
}

/** What has passed since each time of a rollout, by one clock. */
export const lastedAt = (now: number, rollout: Rollout | undefined): ObservedState['lasted'] =>
  lastedOf(rollout, (_, time) => (time === undefined ? 0 : now - Date.parse(time)));

/** A node with its daemon and kubelet, as far as a plan can tell. */
export class Node {
  wanted: PluginRun | undefined;
  status: RolloutStatus = {};
  pod: (NonNullable<ObservedState['vspPod']> & { run: PluginRun; startedAt?: number }) | undefined;
  installer: ObservedState['installPod'];
  vsp: ObservedState['vsp'];
  ready: ObservedState['ready'];
  drain: ObservedState['drain'];
  now = startedAt;
  retry: string | undefined;
  leaving = false;
  heardSince: number | undefined = 0;
  wait: Wait | undefined;
  /** How this operator makes pods: another text for another release of it. */
  rendering = '';
  /** What was written and done. */
  readonly log: string[] = [];
  #inits = 0;

  static running(plugin: PluginRun): Node {
    const node = new Node();
    node.wanted = plugin;
    node.status = { plugin };
    const { digest } = plugin;
    node.pod = { run: plugin, hash: digest, digest, state: 'running', ageMs: 60_000, message: 'running' };
    node.initialise(plugin);
    return node;
  }

  /** What `from` ran, with `to` wanted and on the node. */
  static changing(from: PluginRun, to: PluginRun): Node {
    const node = Node.running(from);
    node.want(to);
    node.installed();
    return node;
  }

  /** @returns as `reconcile` */
  want(plugin: PluginRun | undefined): number | undefined {
    this.wanted = plugin;
    return this.reconcile();
  }

  get observed(): ObservedState {
    const { wanted, status, now, vsp, ready, drain, retry, leaving } = this;
    const { pod } = this;
    const startedMs = pod?.startedAt === undefined ? undefined : now - pod.startedAt;
    const pods = { vspPod: pod && { ...pod, startedMs }, installPod: this.installer };
    const heardMs = this.heardSince === undefined ? undefined : now - this.heardSince;
    const limits = { deadlineMs: 1_800_000, heardMs, lasted: lastedAt(now, status.rollout) };
    const observed = { now, wanted, status, ...pods, ...limits, vsp, ready, drain, retry, leaving };
    return { ...observed, hashOf: ({ digest }) => `${digest}${this.rendering}`, waitsFor: () => this.wait };
  }

  get rollout(): Rollout {
    if (!this.status.rollout) throw new Error('there is no rollout');
    return this.status.rollout;
  }

  /** Plans until nothing more can be done. */
  reconcile(): number | undefined {
    for (let step = 0; step < 30; step += 1) {
      const plan = planRollout(this.observed);
      if (plan.status === this.status && plan.actions.length === 0) return plan.requeueAfterMs;
      if (plan.status !== this.status) {
        expect(plan.actions).toEqual([]);
        this.status = plan.status;
        this.log.push(plan.status.rollout?.phase ?? `runs ${plan.status.plugin?.digest}`);
      }
      for (const action of plan.actions) this.#do(action);
      if (plan.actions.some((action) => action.do === 'evict')) return plan.requeueAfterMs;
    }
    throw new Error(`does not reconcile: ${this.log.join(', ')}`);
  }

  installed(): void {
    if (this.installer) this.installer = { ...this.installer, state: 'succeeded' };
    this.reconcile();
  }

  /** The pod has come up and the daemon has initialised it. */
  comesUp(served: PluginRun | undefined = this.pod?.run): void {
    if (this.pod) this.pod = { ...this.pod, state: 'running' };
    if (served) this.initialise(served);
    this.reconcile();
  }

  /** A program that the plugin runs is missing. */
  failsForGood(): void {
    this.pod = this.pod && { ...this.pod, permanentFailure: { reason: 'ProgramMissing', message: 'no ovs-vsctl' } };
    this.reconcile();
  }

  /** What is no fault of the plugin. */
  hinder(hindrance: string | undefined): void {
    this.pod = this.pod && { ...this.pod, hindrance, startedAt: this.now };
  }

  runs(): void {
    if (this.pod) this.pod = { ...this.pod, state: 'running' };
  }

  ends(ageMs: number): void {
    if (this.pod) this.pod = { ...this.pod, state: 'ended', ageMs };
  }

  comesUpButSays(reason: string): void {
    if (!this.pod) throw new Error('there is no pod');
    this.pod = { ...this.pod, state: 'running' };
    this.initialise(this.pod.run);
    this.says('False', reason);
    this.reconcile();
  }

  initialise({ package: npm, name, version }: PluginRun): void {
    this.#inits += 1;
    this.vsp = { initialisedAt: `init ${this.#inits}`, package: npm ?? name, version };
    this.says('True', 'Ready');
  }

  says(status: 'True' | 'False', reason: string): void {
    this.ready = { type: 'Ready', status, reason, message: `it is ${reason}`, lastTransitionTime: '' };
  }

  #do(action: Action): void {
    const name = 'run' in action ? `${action.do} ${action.run.digest}` : action.do;
    this.log.push(action.do === 'evict' ? `evict ${action.pods.join(' ')}` : name);
    if (action.do === 'createVspPod') {
      const { run } = action;
      const { digest } = run;
      this.pod = {
        run,
        hash: `${digest}${this.rendering}`,
        digest,
        state: 'starting',
        ageMs: 0,
        startedAt: this.now,
        message: 'its pod is starting',
      };
    } else if (action.do === 'deleteVspPod') this.pod = undefined;
    else if (action.do === 'createInstallPod')
      this.installer = { key: installKey(action.run), state: 'working', ageMs: 0 };
    else if (action.do === 'deleteInstallPod') this.installer = undefined;
  }
}
