import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Plugin } from '../contract/contract.ts';
import { serviceName, servicesOf } from '../wire/grpc/services.ts';
import { capabilities } from '../wire/mapping/plugin-info.ts';
import { capabilitiesOf } from './plugin/capabilities.ts';

/** Knows the names of its services, which health service and reflection answer. */
export class NamedServer extends Server {
  readonly #services = new Set<string>();

  constructor() {
    // channelz counts every call for nobody.
    super({ 'grpc.enable_channelz': 0 });
  }

  /** Before the plugin is created those that every plugin has. */
  services(plugin: Plugin | undefined): string[] {
    if (plugin) return [...this.#services];
    const optional = new Set(Object.values(servicesOf).flat().map(serviceName));
    return [...this.#services].filter((name) => !optional.has(name));
  }

  override addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    super.addService(service, implementation);
    this.#services.add(serviceName(service));
  }

  /** All are there until the plugin is created: before Init they answer FAILED_PRECONDITION. */
  removeWhatIsNotServed(plugin: Plugin): void {
    const served = capabilitiesOf(plugin);
    for (const capability of capabilities) {
      if (served.includes(capability)) continue;
      for (const service of servicesOf[capability]) {
        this.removeService(service);
        this.#services.delete(serviceName(service));
      }
    }
  }
}
