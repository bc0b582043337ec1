/**
 * Many DPUs whose plugins change, without Kubernetes: the real planners over a clock of their own, with VSPs of a few lines. All
 * that happens at one time happens in an order by a seed, and the operator's cache is behind what it has written.
 */
import 'reflect-metadata';
import { drainName, type PluginRun, type Rollout } from '../../api/fields/plugin-run.ts';
import type { DataProcessingUnit, Drain } from '../../api/kinds/data-processing-unit.ts';
import type { DpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { configName } from '../../api/names/names.ts';
import type { DaemonLeases } from '../daemons/daemon-leases.ts';
import { isChanging } from '../dpu/rollout/fleet/fleet.ts';
import { Turns } from '../dpu/rollout/fleet/turns.ts';
import type { Action, InstallPodState, ObservedState, VspPodState } from '../dpu/rollout/observed-state.ts';
import { planRollout } from '../dpu/rollout/plan.ts';
import { installKey } from '../dpu/rollout/plugin-run.ts';
import { lastedAt } from '../dpu/rollout/testing/node.ts';
import type { Caches } from '../shared/caches.ts';
import { TestCache } from './cache.ts';

/** Milliseconds. */
const times = {
  cache: 50,
  gathered: 50,
  podEnds: 1_000,
  podStarts: 3_000,
  init: 2_000,
  evicted: 500,
  installs: 20_000,
};

/** As a daemon answers: what the VSP made goes on the way back, unless it is used and nobody was asked to leave. */
function drainAnswer({ drain, clear, ...rollout }: Rollout, pods: readonly string[]): Drain | undefined {
  const { phase } = rollout;
  if (phase === 'Installing' || phase === 'Failed') return undefined;
  const isBack = phase === 'RollingBack' && clear;
  if (!drain && !isBack) return undefined;
  const answer = drain || pods.length === 0 ? { cleared: true } : { kept: true };
  return { of: drainName(rollout), pods: [...pods], ...(isBack && answer) };
}

interface SimulatedDpu {
  name: string;
  isDpuSide: boolean;
  /** Of the host its card, of the card its host. */
  otherSide: string;
  /** As it stands on the API server. */
  status: NonNullable<DataProcessingUnit['status']>;
  pod: (VspPodState & { run: PluginRun; startedAt: number }) | undefined;
  installPod: InstallPodState | undefined;
  /** Of applications. */
  pods: string[];
  retry: string | undefined;
  downSince: number | undefined;
}

export interface FleetFigures {
  changingAtOnce: number;
  downAtOnce: number;
  /** How many were down at all. */
  everDown: number;
  longestDownMs: number;
}

export class SimulatedFleet {
  readonly turns: Turns;
  readonly figures: FleetFigures = { changingAtOnce: 0, downAtOnce: 0, everDown: 0, longestDownMs: 0 };
  now = Date.parse('2026-01-01T00:00:00Z');
  wanted: PluginRun;
  /** Whether a run works on a DPU. */
  works: (run: PluginRun, dpuName: string) => boolean = () => true;
  /** Whether a budget keeps a DPU's pods. */
  keeps: (dpuName: string) => boolean = () => false;
  /** Called after each step of a DPU. */
  check: () => void = () => {};
  readonly dpus = new Map<string, SimulatedDpu>();
  readonly #cache = new TestCache<DataProcessingUnit>();
  readonly #configs = new TestCache<DpuOperatorConfig>();
  readonly #due: { at: number; order: number; run: () => void }[] = [];
  readonly #everDown = new Set<string>();
  readonly #queued = new Set<string>();
  readonly #requeues = new Map<string, object>();
  #lastWriteAt = this.now;
  #random: number;
  #inits = 0;

  /** @param cards how many there are, each with a host of its own */
  constructor(seed: number, cards: number, plugin: PluginRun) {
    this.#random = seed;
    this.wanted = plugin;
    const others = { nodes: new TestCache(), daemonPods: new TestCache(), dpusByNode: { count: () => 1 } };
    const caches = { dpus: this.#cache, configs: this.#configs, ...others } as unknown as Caches;
    const leases = { seenState: () => 'renewed', on: () => {} } as unknown as DaemonLeases;
    const later = (look: () => void) => this.#at(times.gathered, look);
    class SimulatedTurns extends Turns {
      override later = later;
    }
    this.turns = new SimulatedTurns(caches, leases, { operatorImage: 'operator:1' });
    this.turns.daemonsAre('hash');
    this.turns.on('turn', (name) => this.#enqueue(name));
    for (let card = 0; card < cards; card++) {
      this.#add(`card-${card}`, true, `host-${card}`, plugin);
      this.#add(`host-${card}`, false, `card-${card}`, plugin);
    }
    this.run();
  }

  policy(rollout: NonNullable<DpuOperatorConfig['spec']['rollout']>): void {
    const object = { metadata: { name: configName }, spec: { mode: 'auto', logLevel: 0, rollout } };
    this.#configs.put(object as unknown as DpuOperatorConfig);
  }

  wants(run: PluginRun): void {
    this.wanted = run;
    for (const name of this.dpus.keys()) this.#enqueue(name);
  }

  retry(name: string, order: string): void {
    this.#dpu(name).retry = order;
    this.#enqueue(name);
  }

  /** Until nothing happens any more, or a time is over. @returns milliseconds until the last change */
  run(forMs = Number.POSITIVE_INFINITY): number {
    const startedAt = this.now;
    for (let steps = 0; this.#due.length > 0; steps++) {
      if (steps > 1_000_000) throw new Error('the fleet does not come to rest');
      this.#due.sort((a, b) => a.at - b.at || a.order - b.order);
      const [next] = this.#due;
      if (!next || next.at - startedAt > forMs) break;
      this.#due.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    return this.#lastWriteAt - startedAt;
  }

  count(is: (dpu: SimulatedDpu) => boolean): number {
    return [...this.dpus.values()].filter(is).length;
  }

  #add(name: string, isDpuSide: boolean, otherSide: string, plugin: PluginRun): void {
    const { digest } = plugin;
    const pod = {
      run: plugin,
      hash: digest,
      digest,
      state: 'running',
      ageMs: 0,
      message: '',
      startedAt: this.now,
    } as const;
    const fields = { name, isDpuSide, otherSide, pods: [`shop/${name}`], retry: undefined, downSince: undefined };
    this.dpus.set(name, { ...fields, status: { plugin }, pod, installPod: undefined });
    this.#initialised(name);
  }

  #dpu(name: string): SimulatedDpu {
    const dpu = this.dpus.get(name);
    if (!dpu) throw new Error(`there is no DPU ${name}`);
    return dpu;
  }

  #at(delayMs: number, run: () => void): void {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    this.#due.push({ at: this.now + delayMs, order: this.#random, run });
  }

  #enqueue(name: string): void {
    if (this.#queued.has(name)) return;
    this.#queued.add(name);
    this.#at(0, () => {
      this.#queued.delete(name);
      this.#reconcile(name);
    });
  }

  /** As the API server does: the watch brings it to the cache a little later. */
  #write(name: string, status: Partial<SimulatedDpu['status']>): void {
    const dpu = this.#dpu(name);
    dpu.status = { ...dpu.status, ...status };
    this.#lastWriteAt = this.now;
    this.check();
    const changing = this.count(({ status }) => isChanging(status));
    this.figures.changingAtOnce = Math.max(this.figures.changingAtOnce, changing);
    const written = dpu.status;
    this.#at(times.cache, () => {
      this.#cache.put(this.#object(dpu, written));
      this.#enqueue(name);
    });
  }

  #object({ name, isDpuSide, otherSide }: SimulatedDpu, status: SimulatedDpu['status']): DataProcessingUnit {
    const uri = (side: string, dpu: string) => `spiffe://here/${side}/n/${dpu}`;
    const channel = isDpuSide
      ? { identity: uri('dpu', name) }
      : { identity: uri('host', name), peers: [uri('dpu', otherSide)] };
    return {
      metadata: { name },
      spec: { isDpuSide, nodeName: name },
      status: { ...status, channel },
    } as DataProcessingUnit;
  }

  #reconcile(name: string): void {
    this.turns.asks(name, { wanted: this.wanted, config: undefined });
    const dpu = this.#dpu(name);
    while (this.#cache.get(name)) {
      const observed = this.#observe(dpu);
      const plan = planRollout(observed);
      if (plan.status !== observed.status) {
        this.turns.writes(name, plan.status);
        this.#write(name, { plugin: plan.status.plugin, rollout: plan.status.rollout });
        continue;
      }
      for (const action of plan.actions) this.#act(dpu, action);
      this.#requeue(name, plan.requeueAfterMs);
      break;
    }
    this.turns.looked(name);
  }

  /** As the queue does: the last wish counts. */
  #requeue(name: string, delayMs: number | undefined): void {
    const wish = {};
    this.#requeues.set(name, wish);
    if (delayMs === undefined) return;
    this.#at(delayMs, () => {
      if (this.#requeues.get(name) === wish) this.#enqueue(name);
    });
  }

  #observe(dpu: SimulatedDpu): ObservedState {
    const { name, status, pod, installPod, pods, retry } = dpu;
    const { plugin, rollout } = status;
    return {
      now: this.now,
      wanted: this.wanted,
      status: { plugin, rollout },
      vspPod: pod && { ...pod, startedMs: this.now - pod.startedAt },
      installPod,
      hashOf: ({ digest }) => digest,
      waitsFor: (target) => this.turns.waitsFor(name, target),
      deadlineMs: this.turns.deadlineMs(name),
      lasted: lastedAt(this.now, rollout),
      heardMs: Number.POSITIVE_INFINITY,
      ready: status.conditions?.[0],
      vsp: status.vsp,
      drain: rollout && drainAnswer(rollout, pods),
      retry,
      leaving: false,
    };
  }

  #act(dpu: SimulatedDpu, action: Action): void {
    const { name } = dpu;
    switch (action.do) {
      case 'createVspPod':
        this.#starts(dpu, action.run);
        return;
      case 'deleteVspPod':
        if (!dpu.pod) return;
        dpu.pod = { ...dpu.pod, state: 'terminating' };
        this.#isDown(dpu);
        this.#at(times.podEnds, () => {
          dpu.pod = undefined;
          this.#enqueue(name);
        });
        return;
      case 'evict':
        if (this.keeps(name)) return;
        this.#at(times.evicted, () => {
          dpu.pods = [];
          this.#enqueue(name);
        });
        return;
      case 'createInstallPod':
        this.#installs(dpu, action.run);
        return;
      case 'deleteInstallPod':
        dpu.installPod = undefined;
        return;
    }
  }

  /** Each node takes its own time. */
  #installs(dpu: SimulatedDpu, run: PluginRun): void {
    const installPod = { key: installKey(run), state: 'working', ageMs: 0 } as const;
    dpu.installPod = installPod;
    this.#at(1_000 + (this.#random % times.installs), () => {
      if (dpu.installPod !== installPod) return;
      dpu.installPod = { ...installPod, state: 'succeeded' };
      this.#enqueue(dpu.name);
    });
  }

  #starts(dpu: SimulatedDpu, run: PluginRun): void {
    const { name } = dpu;
    const { digest } = run;
    const pod = {
      run,
      hash: digest,
      digest,
      state: 'starting',
      ageMs: 0,
      message: 'it starts',
      startedAt: this.now,
    } as const;
    dpu.pod = pod;
    this.#at(times.podStarts, () => {
      if (dpu.pod !== pod) return;
      dpu.pod = { ...pod, state: 'running', startedAt: this.now };
      this.#enqueue(name);
      this.#at(times.init, () => {
        if (dpu.pod?.digest === digest && dpu.pod.state === 'running') this.#initialised(name);
      });
    });
  }

  #initialised(name: string): void {
    const dpu = this.#dpu(name);
    const run = dpu.pod?.run;
    if (!run) return;
    const works = this.works(run, name);
    this.#inits += 1;
    const lastTransitionTime = new Date(this.now).toISOString();
    const ready = works
      ? ({ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime } as const)
      : ({
          type: 'Ready',
          status: 'False',
          reason: 'InitFailed',
          message: 'it is broken',
          lastTransitionTime,
        } as const);
    if (works) this.#isUp(dpu);
    this.#write(name, { conditions: [ready], vsp: { initialisedAt: `${this.#inits}`, version: run.version } });
  }

  #isDown(dpu: SimulatedDpu): void {
    dpu.downSince ??= this.now;
    this.#everDown.add(dpu.name);
    this.figures.everDown = this.#everDown.size;
    const down = this.count(({ downSince }) => downSince !== undefined);
    this.figures.downAtOnce = Math.max(this.figures.downAtOnce, down);
  }

  #isUp(dpu: SimulatedDpu): void {
    if (dpu.downSince === undefined) return;
    this.figures.longestDownMs = Math.max(this.figures.longestDownMs, this.now - dpu.downSince);
    dpu.downSince = undefined;
  }
}
