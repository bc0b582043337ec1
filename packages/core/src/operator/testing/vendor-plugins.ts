/** The controller of VendorPlugins against an API server in memory. */
import 'reflect-metadata';
import { expect, vi } from 'vitest';
import type { Condition } from '../../api/fields/meta.ts';
import type { PluginRun } from '../../api/fields/plugin-run.ts';
import { type VendorPlugin, vendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { configName, operatorNamespace } from '../../api/names/names.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import type { ReadImage } from '../../plugins/image/read-image.ts';
import type { LookUp } from '../../plugins/lookup/lookup.ts';
import { VendorPluginController } from '../vendor-plugins/vendor-plugin-controller.ts';
import { type RunningControllers, runControllers } from './controllers.ts';

const apiVersion = 'config.openshift.io/v1';
const namespaced = `namespaces/${operatorNamespace}`;
const configMaps = `/api/v1/${namespaced}/configmaps/`;

const unread: ReadImage = () => Promise.reject(new Error('there is no registry of images'));

export class VendorPluginFixture {
  readonly server = new TestApiServer();
  readonly #lookUp: LookUp;
  readonly #readImage: ReadImage;
  #stop = new AbortController();
  #operator: RunningControllers | undefined;

  constructor(lookUp: LookUp, readImage: ReadImage = unread) {
    this.#lookUp = lookUp;
    this.#readImage = readImage;
  }

  /** Starts an operator; the objects of an earlier one are still there. */
  async start(variables: NodeJS.ProcessEnv = {}): Promise<void> {
    this.#stop = new AbortController();
    const stop = this.#stop.signal;
    const untilStop = (signal = stop) => AbortSignal.any([stop, signal]);
    const lookUp: LookUp = (request) => this.#lookUp({ ...request, signal: untilStop(request.signal) });
    const readImage: ReadImage = (request) => this.#readImage({ ...request, signal: untilStop(request.signal) });
    this.#operator = await runControllers(
      this.server,
      ({ store, caches, environment, events, logger }) => [
        new VendorPluginController(store, caches, environment, events, lookUp, readImage, logger),
      ],
      variables,
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#operator?.end();
    this.server.close();
  }

  /** Puts a VendorPlugin in place, or changes its spec as the API server would: with another generation. */
  put(name: string, spec: object, annotations: Record<string, string> = {}): void {
    const path = this.#path(name);
    const before = this.server.objects.get(path);
    const isSame = JSON.stringify(before?.spec) === JSON.stringify(spec);
    const generation = Number(before?.metadata.generation ?? 0) + (isSame ? 0 : 1);
    this.server.put(path, {
      apiVersion,
      kind: 'VendorPlugin',
      metadata: { ...before?.metadata, name, generation, annotations },
      spec,
      ...(before?.status !== undefined && { status: before.status }),
    });
  }

  /** Has a DataProcessingUnitConfig choose a plugin, or not any more. */
  choose(config: string, plugin: { name: string; version?: string } | undefined): void {
    this.server.put(`/apis/${apiVersion}/${namespaced}/dataprocessingunitconfigs/${config}`, {
      apiVersion,
      kind: 'DataProcessingUnitConfig',
      metadata: { name: config, namespace: operatorNamespace },
      spec: plugin ? { plugin } : {},
    });
  }

  putDpu(name: string, plugin: PluginRun): void {
    this.server.put(`/apis/${apiVersion}/dataprocessingunits/${name}`, {
      apiVersion,
      kind: 'DataProcessingUnit',
      metadata: { name },
      spec: { isDpuSide: false, nodeName: 'node-a' },
      status: { plugin },
    });
  }

  /** As another controller does. */
  says(name: string, condition: Condition): void {
    const { status, ...object } = this.get(name);
    const conditions = [...(status?.conditions ?? []), condition];
    this.server.put(this.#path(name), { ...object, status: { ...status, conditions } });
  }

  /** The operator knows of a condition. */
  async sees(name: string, type: string): Promise<void> {
    await vi.waitFor(() => {
      const conditions = this.#operator?.caches.vendorPlugins.get(name)?.status?.conditions ?? [];
      expect(conditions.map((condition) => condition.type)).toContain(type);
    });
  }

  /** The operator knows what there is, and has nothing left to do. */
  async settled(): Promise<void> {
    await vi.waitFor(() => {
      const there = [...this.server.objects.values()].filter(({ kind }) => kind === 'VendorPlugin');
      const versions = (objects: readonly { metadata: object }[]) =>
        objects.map(({ metadata }) => 'resourceVersion' in metadata && metadata.resourceVersion);
      expect(versions(this.#operator?.caches.vendorPlugins.list() ?? [])).toEqual(versions(there));
      expect(this.#operator?.controllers.map(({ isIdle }) => isIdle)).toEqual([true]);
    });
  }

  delete(name: string): void {
    this.server.delete(this.#path(name));
  }

  /** As after an operator that could read the manifest of none of them. */
  forgetReleases(name: string): void {
    const object = this.server.objects.get(this.#path(name));
    if (!object) throw new Error(`there is no VendorPlugin ${name}`);
    this.server.put(this.#path(name), { ...object, status: { ...(object.status as object), releases: [] } });
  }

  putConfig(spec: object): void {
    this.server.put(`/apis/${apiVersion}/dpuoperatorconfigs/${configName}`, {
      apiVersion,
      kind: 'DpuOperatorConfig',
      metadata: { name: configName },
      spec,
    });
  }

  putAccount(name: string, imagePullSecrets: string[]): void {
    this.server.put(`/api/v1/${namespaced}/serviceaccounts/${name}`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: operatorNamespace },
      imagePullSecrets: imagePullSecrets.map((secretName) => ({ name: secretName })),
    });
  }

  putSecret(name: string, data: Record<string, string>, type = 'Opaque'): void {
    this.server.put(`/api/v1/${namespaced}/secrets/${name}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: operatorNamespace },
      type,
      data: Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
    });
  }

  get(name: string): VendorPlugin {
    return vendorPlugin.schema.parse(this.server.objects.get(this.#path(name)));
  }

  condition(name: string, type = 'Ready') {
    return this.get(name).status?.conditions?.find((condition) => condition.type === type);
  }

  /** The locks that there are: the ConfigMaps' data by their name. */
  locks(): Map<string, Record<string, string>> {
    const found = [...this.server.objects].filter(([path]) => path.startsWith(configMaps));
    return new Map(found.map(([path, { data }]) => [path.slice(configMaps.length), data as Record<string, string>]));
  }

  deleteLock(name: string): void {
    this.server.delete(`${configMaps}${name}`);
  }

  /** Notes of the events so far. */
  events(): string[] {
    const found = [...this.server.objects.values()].filter(({ kind }) => kind === 'Event');
    return found.map(({ type, reason }) => `${type} ${reason}`);
  }

  #path(name: string): string {
    return `/apis/${apiVersion}/vendorplugins/${name}`;
  }
}
