/** Controllers of the operator, running against an API server in memory. */
import 'reflect-metadata';
import { type Logger, pino } from 'pino';
import type { TestApiServer } from '../../daemon/testing/api-server.ts';
import { type Controller, EventRecorder, type KubeStore } from '../../kube/index.ts';
import { DaemonLeases } from '../daemons/daemon-leases.ts';
import { Turns } from '../dpu/rollout/fleet/turns.ts';
import { Caches } from '../shared/caches.ts';
import { type Environment, parseEnvironment } from '../shared/environment.ts';

/** What controllers are made of. */
interface Parts {
  store: KubeStore;
  environment: Environment;
  logger: Logger;
  events: EventRecorder;
  caches: Caches;
  leases: DaemonLeases;
  turns: Turns;
}

export interface RunningControllers extends Parts {
  controllers: Controller[];
  /** Ends them; the API server stays. */
  end(): Promise<void>;
}

/** @param variables of the operator's environment */
export async function runControllers(
  server: TestApiServer,
  make: (parts: Parts) => { controller: Controller }[],
  variables: NodeJS.ProcessEnv = {},
): Promise<RunningControllers> {
  const store = await server.start();
  const environment = parseEnvironment(variables, 'operator');
  const logger = pino({ enabled: false });
  const events = new EventRecorder(store, 'operator', 'operator', logger);
  const caches = new Caches(store, environment, logger);
  const leases = new DaemonLeases(store, caches, environment);
  const turns = new Turns(caches, leases, environment);
  const parts = { store, environment, logger, events, caches, leases, turns };
  const controllers = make(parts).map(({ controller }) => controller);
  const stop = new AbortController();
  await caches.start(stop.signal);
  const running = Promise.all(controllers.map((controller) => controller.start(stop.signal)));
  const end = async () => {
    stop.abort();
    await running;
    store.client.close();
  };
  return { ...parts, controllers, end };
}
