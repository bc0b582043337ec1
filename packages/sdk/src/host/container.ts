/** The container of one plugin: what its context holds is made here when it is first used, and ended with it. */
// tsyringe does not load without it.
import 'reflect-metadata/lite';
import { type InjectionToken, instanceCachingFactory, Lifecycle, container as root } from 'tsyringe';
import type { Platform, PluginContext } from '../contract/contract.ts';
import { linuxPlatform } from '../linux/platform.ts';
import { Switches } from './plugin/switches.ts';

export interface PluginContainer {
  context: PluginContext<unknown>;
  /** Ends what the plugin left running. */
  dispose(): Promise<void>;
}

const switchesToken: InjectionToken<Switches> = Symbol('switches');
const platformToken: InjectionToken<Platform> = Symbol('platform');

/** @param values What the host knows already; the machine unless another platform is told. */
export function pluginContainer({
  platform = linuxPlatform(),
  ...values
}: Omit<PluginContext<unknown>, 'platform'> & { platform?: Platform | undefined }): PluginContainer {
  const plugin = root.createChildContainer();
  plugin.register(switchesToken, { useClass: Switches }, { lifecycle: Lifecycle.ContainerScoped });
  plugin.register(platformToken, {
    useFactory: instanceCachingFactory((container) => ({
      ...platform,
      openVSwitch: (options) => container.resolve(switchesToken).add(platform.openVSwitch(options)),
    })),
  });
  const context: PluginContext<unknown> = {
    ...values,
    get platform() {
      return plugin.resolve(platformToken);
    },
  };
  return { context, dispose: async () => plugin.dispose() };
}
