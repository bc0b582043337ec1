/**
 * Who was given which device, by the kubelet's word (pod resources API).
 *
 * The kubelet lists a device from its Allocate on, hence while the pod's sandbox is being made, and no more once the pod
 * is terminal: before it answers it takes back what inactive pods had (`UpdateAllocatedDevices` of its device manager;
 * since 1.34 it leaves such pods out as well). It lists no devices of init containers but sidecars.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { DeviceAllocations } from '../attach/collaborators.ts';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { callKubelet } from './kubelet-call.ts';
import { type ListPodResourcesResponse, type PodResourcesOfPod, podResourcesService } from './pod-resources-api.ts';

/** A kubelet answers in some milliseconds; an ADD that asks waits for this. */
const defaultDeadlineMs = 1_000;

export interface PodName {
  namespace: string;
  name: string;
}

export interface PodResourcesOptions {
  socketPath: string;
  /** Devices of resources with another beginning are not ours, whatever their ids. */
  resourcePrefix: string;
  /**
   * A pod that the kubelet knows from the API server. A kubelet that has just started does not know those pods yet, and
   * its list says nothing of them.
   */
  ownPod: PodName;
  /** Milliseconds that an answer may take. Default: 1,000. */
  deadlineMs?: number;
}

type List = readonly PodResourcesOfPod[];

export class PodResources implements DeviceAllocations {
  readonly #options: PodResourcesOptions;
  #running: Promise<List> | undefined;
  /** Asked for while one runs, which may have read before the question. */
  #next: Promise<List> | undefined;

  constructor(options: PodResourcesOptions) {
    this.#options = options;
  }

  async podOf(deviceId: string): Promise<Presence<PodName>> {
    try {
      return this.#find(await this.#list(), deviceId);
    } catch (error) {
      return unknown(`the kubelet does not say who was given device ${deviceId}: ${DpuError.from(error).message}`);
    }
  }

  /** Every device of ours that a pod has. @throws DpuError where the kubelet does not answer */
  async all(): Promise<(PodName & { device: string })[]> {
    return (await this.#list()).flatMap(({ namespace, name, containers }) =>
      containers
        .flatMap(({ devices }) => devices)
        .filter(({ resource_name: resource }) => resource.startsWith(this.#options.resourcePrefix))
        .flatMap(({ device_ids: ids }) => ids.map((device) => ({ namespace, name, device }))),
    );
  }

  #find(pods: List, deviceId: string): Presence<PodName> {
    const { resourcePrefix, ownPod } = this.#options;
    const holder = pods.find(({ containers }) =>
      containers.some(({ devices }) =>
        devices.some(
          ({ resource_name: resource, device_ids: ids }) =>
            resource.startsWith(resourcePrefix) && ids.includes(deviceId),
        ),
      ),
    );
    if (holder) return there({ namespace: holder.namespace, name: holder.name });
    const isComplete = pods.some(({ namespace, name }) => namespace === ownPod.namespace && name === ownPod.name);
    return isComplete ? gone : unknown('the kubelet does not know the pods of the API server yet');
  }

  /** An answer is never older than its question; any number of questions at once share two requests. */
  #list(): Promise<List> {
    if (!this.#running) {
      this.#running = this.#request().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#list();
      });
    return this.#next;
  }

  async #request(): Promise<List> {
    const { socketPath, deadlineMs = defaultDeadlineMs } = this.#options;
    const response = await callKubelet<ListPodResourcesResponse>({
      socketPath,
      service: podResourcesService,
      method: 'List',
      request: {},
      deadlineMs,
    });
    return response.pod_resources;
  }
}
