/** The DPUs of a node against an API server of the tests, with what detection finds given by the test. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { dataProcessingUnit } from '../../api/index.ts';
import { EventRecorder, type KubeStore } from '../../kube/index.ts';
import type { DpuFinding } from '../detect/find-dpus.ts';
import { ManagedDpus } from '../dpu/managed-dpus.ts';
import { NodeDpus } from '../dpu/node-dpus.ts';
import type { WriteLimit } from '../dpu/status/write-limit.ts';
import { DevicePool } from '../kubelet/pool.ts';
import { gone, there, unknown } from '../presence.ts';
import { type StoredObject, TestApiServer } from './api-server.ts';

const logger = pino({ level: 'silent' });

export interface NodeDpusFixtureOptions {
  /** Of an earlier daemon. */
  directory?: string;
  api?: TestApiServer;
  nodeName?: string;
  pods?: string[];
  messageLimit?: () => WriteLimit;
}

export const found = (dpu: DetectedDpu): DpuFinding => ({ dpu, presence: there(dpu) });
export const pulledOut = (dpu: DetectedDpu): DpuFinding => ({ dpu, presence: gone });
export const missing = (dpu: DetectedDpu, reason: string): DpuFinding => ({ dpu, presence: unknown(reason) });

export class NodeDpusFixture {
  readonly api: TestApiServer;
  readonly directory: string;
  /** The pods that use any DPU. */
  readonly pods: string[];
  /** Records of attachments that cannot be read. */
  readonly unreadable: string[] = [];
  readonly pool = new DevicePool();
  readonly dpus: ManagedDpus;
  readonly nodeDpus: NodeDpus;
  /** The sides that there were each time before a finalizer was taken off. */
  readonly cleanups: string[][] = [];
  /** How often a DPU became ready. */
  ready = 0;
  readonly #store: KubeStore;
  readonly #stop = new AbortController();

  private constructor(store: KubeStore, api: TestApiServer, options: NodeDpusFixtureOptions) {
    const { nodeName = 'node-1' } = options;
    this.api = api;
    this.#store = store;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'node-dpus-'));
    this.pods = options.pods ?? [];
    this.dpus = new ManagedDpus({
      nodeName,
      pool: this.pool,
      attachments: { pods: () => this.pods, bridgePorts: () => [], networkFunctions: () => [] },
      sysfs: { vfPosition: async () => undefined },
      stateDirectory: join(this.directory, 'state'),
      vspDirectory: (name) => this.vspDirectory(name),
      logger,
    });
    this.nodeDpus = new NodeDpus({
      store,
      events: new EventRecorder(store, 'test', 'test', logger),
      nodeName,
      dpus: this.dpus,
      attachments: { pods: () => this.pods, unreadable: () => this.unreadable },
      messageLimit: options.messageLimit,
      logger,
    });
    this.nodeDpus.on('ready', () => {
      this.ready += 1;
    });
  }

  static async start(options: NodeDpusFixtureOptions = {}): Promise<NodeDpusFixture> {
    const api = options.api ?? new TestApiServer();
    const fixture = new NodeDpusFixture(await api.start(), api, options);
    const beforeRelease = async () => void fixture.cleanups.push([...fixture.nodeDpus.sides()]);
    fixture.dpus.openRecorded();
    await fixture.nodeDpus.start(fixture.#stop.signal, { beforeRelease });
    return fixture;
  }

  finds(...findings: DpuFinding[]): void {
    this.nodeDpus.setFindings(findings);
  }

  object(name: string): StoredObject | undefined {
    return this.api.objects.get(`${dpuPath}/${name}`);
  }

  /** As the operator does. */
  setSpec(name: string, spec: Record<string, unknown>): void {
    const object = this.object(name);
    if (object) this.api.put(`${dpuPath}/${name}`, { ...object, spec: { ...(object.spec as object), ...spec } });
  }

  status(name: string) {
    const object = this.object(name);
    return object && dataProcessingUnit.schema.parse(object).status;
  }

  condition(name: string, conditionType = 'Ready') {
    return this.status(name)?.conditions?.find(({ type }) => type === conditionType);
  }

  devices(): string[] {
    return this.pool.list().map(({ id, healthy }) => (healthy ? id : `${id} unhealthy`));
  }

  vspDirectory(name: string): string {
    return join(this.directory, 'vsp', name);
  }

  /** Whether anything of a DPU is on the node. */
  hasTraces(name: string): boolean {
    return existsSync(this.vspDirectory(name)) || this.dpus.record(name) !== undefined;
  }

  /** As a daemon that is stopped: what is on disk stays. */
  close(): void {
    this.#stop.abort();
    this.dpus.close();
    this.#store.client.close();
    this.api.close();
  }
}

export const dpuPath = '/apis/config.openshift.io/v1/dataprocessingunits';
