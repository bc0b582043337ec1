/** The injector's environment, as its Deployment sets it. */
import { z } from 'zod';
import { operatorNamespace } from '../api/names/names.ts';
import { ports } from '../api/names/ports.ts';
import { checkedEnvironment } from '../checked-environment.ts';

const port = z.coerce.number().int().min(0).max(65_535);

const schema = z.object({
  /** Where the ConfigMap with the switches is. */
  NAMESPACE: z.string().default(operatorNamespace),
  WEBHOOK_PORT: port.default(ports.injectorWebhook),
  HEALTH_PORT: port.default(ports.injectorHealth),
  /** tls.key and tls.crt are in it. */
  CERTIFICATE_DIRECTORY: z.string().startsWith('/').default('/etc/tls'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export interface InjectorEnvironment {
  namespace: string;
  webhookPort: number;
  healthPort: number;
  certificateDirectory: string;
  logLevel: string;
}

/** @throws Error that names each variable that is wrong, and how. */
export function parseEnvironment(env: NodeJS.ProcessEnv): InjectorEnvironment {
  const { NAMESPACE, WEBHOOK_PORT, HEALTH_PORT, CERTIFICATE_DIRECTORY, LOG_LEVEL } = checkedEnvironment(schema, env);
  return {
    namespace: NAMESPACE,
    webhookPort: WEBHOOK_PORT,
    healthPort: HEALTH_PORT,
    certificateDirectory: CERTIFICATE_DIRECTORY,
    logLevel: LOG_LEVEL,
  };
}
