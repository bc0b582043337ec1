/** Tells the kubelet of the device plugin. */
import { apiVersion, type RegisterRequest, registrationService } from './device-plugin-api.ts';
import { callKubelet } from './kubelet-call.ts';
import { pluginOptions } from './plugin-server.ts';

/** The kubelet dials the plugin back before it answers; it gives up itself after 10 s. */
const deadlineMs = 12_000;

export interface PluginRegistration {
  kubeletSocketPath: string;
  /** Name of the plugin's socket in the same directory. */
  endpoint: string;
  resourceName: string;
}

/** @throws DpuError with the kubelet's refusal, or UNAVAILABLE where nobody listens */
export async function register({ kubeletSocketPath, endpoint, resourceName }: PluginRegistration): Promise<void> {
  const request: RegisterRequest = {
    version: apiVersion,
    endpoint,
    resource_name: resourceName,
    options: pluginOptions,
  };
  await callKubelet({
    socketPath: kubeletSocketPath,
    service: registrationService,
    method: 'Register',
    request,
    deadlineMs,
  });
}
