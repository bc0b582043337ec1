import type { Logger } from 'pino';
import { injectorNames } from '../api/names/names.ts';
import { configMap, Informer, type KubeStore } from '../kube/index.ts';
import { defaultSettings, type InjectorSettings, parseSettings } from './settings.ts';

/** The settings as the ConfigMap says them now, by watch. */
export class LiveSettings {
  current: InjectorSettings = defaultSettings;
  readonly #informer;

  constructor(store: KubeStore, namespace: string, logger: Logger) {
    const name = injectorNames.switches;
    this.#informer = new Informer(store, configMap, { logger, namespace, fieldSelector: `metadata.name=${name}` });
    this.#informer.onChange(({ data }, _previous, kind) => {
      const { settings, faults } = parseSettings(kind === 'deleted' ? undefined : (data ?? {}));
      this.current = settings;
      const { hugepages, addToExisting, annotationsByLabel } = settings;
      logger.info({ hugepages, addToExisting, labels: [...annotationsByLabel.keys()] }, `read ConfigMap ${name}`);
      for (const fault of faults) logger.warn(`ConfigMap ${namespace}/${name}: ${fault}; it counts as not said`);
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#informer.start(signal);
  }
}
