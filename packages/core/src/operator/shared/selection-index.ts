/** Which DataProcessingUnitConfigs select which DataProcessingUnits, without a look at all of either. */
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import type { DataProcessingUnitConfig, LabelSelector } from '../../api/kinds/data-processing-unit-config.ts';
import type { CacheIndex, Informer } from '../../kube/index.ts';
import { selects } from '../dpu/selection/label-selector.ts';
import { resolveNodeReferences } from '../dpu/selection/node-references.ts';

/** Under it are the configs whose selector names no label with its value: they may select any DPU. */
const anyLabel = '';

export class SelectionIndex {
  readonly #dpus: Informer<DataProcessingUnit>;
  readonly #dpusByLabel: CacheIndex<DataProcessingUnit>;
  readonly #configsByLabel: CacheIndex<DataProcessingUnitConfig>;
  readonly #configsByNode: CacheIndex<DataProcessingUnitConfig>;

  constructor(dpus: Informer<DataProcessingUnit>, configs: Informer<DataProcessingUnitConfig>) {
    this.#dpus = dpus;
    this.#dpusByLabel = dpus.index(({ metadata }) => labelPairs(metadata.labels));
    this.#configsByLabel = configs.index(({ spec }) => [labelPairs(spec.dpuSelector?.matchLabels)[0] ?? anyLabel]);
    this.#configsByNode = configs.index(
      ({ spec }) => resolveNodeReferences(spec.settings ?? {}, () => undefined).unknownNodes,
    );
  }

  /** The configs whose settings have the address of a node in them. */
  configsNaming(nodeName: string): DataProcessingUnitConfig[] {
    return this.#configsByNode.get(nodeName);
  }

  /** The nodes that settings name; the same list as before while these are the same. */
  get namedNodes(): readonly string[] {
    return this.#configsByNode.keys;
  }

  configsFor({ metadata: { labels } }: DataProcessingUnit): DataProcessingUnitConfig[] {
    const candidates = [anyLabel, ...labelPairs(labels)].flatMap((pair) => this.#configsByLabel.get(pair));
    return candidates.filter(({ spec }) => selects(spec.dpuSelector, labels));
  }

  dpusFor({ spec: { dpuSelector } }: DataProcessingUnitConfig): DataProcessingUnit[] {
    return this.#candidates(dpuSelector).filter(({ metadata }) => selects(dpuSelector, metadata.labels));
  }

  #candidates(selector: LabelSelector | undefined): DataProcessingUnit[] {
    const pairs = labelPairs(selector?.matchLabels);
    const [rarest] = pairs.sort((a, b) => this.#dpusByLabel.count(a) - this.#dpusByLabel.count(b));
    return rarest === undefined ? this.#dpus.list() : this.#dpusByLabel.get(rarest);
  }
}

function labelPairs(labels: Record<string, string> = {}): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
