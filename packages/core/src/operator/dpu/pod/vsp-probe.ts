/**
 * How the kubelet learns that a VSP serves, and finds one whose event loop stands still. Whether its plugin works, the
 * daemon asks by gRPC; what a plugin does not answer `dpu-vsp` finds itself.
 */
import { vspSocketMount, vspSocketName } from '../../../api/names/paths.ts';

/** `dpu-vsp` touches it every 10 s. */
const aliveFile = '/tmp/dpu-vsp-alive';
/** Seconds: two touches may be missing. */
const oldest = 30;

/** An older `dpu-vsp` makes no such file. */
const isAlive = `test ! -e ${aliveFile} || test $(($(date +%s) - $(stat -c %Y ${aliveFile}))) -le ${oldest}`;

export const aliveVariable = { name: 'DPU_ALIVE_FILE', value: aliveFile } as const;

/**
 * The pod is Ready once its VSP has made its socket. A startup probe says so too, and unlike a readiness probe it ends:
 * on a node where nothing happens, none runs. The socket of a VSP that was killed passes as well, for the moment until
 * the next one takes its place.
 */
export const startupProbe = {
  exec: { command: ['/bin/sh', '-c', `test -S ${vspSocketMount}/${vspSocketName}`] },
  periodSeconds: 1,
  timeoutSeconds: 10,
  // Five minutes: a rollout gives up after two.
  failureThreshold: 300,
};

/** Of three small programs and not of Node, which takes 0.2 s of CPU to start. */
export const livenessProbe = {
  exec: { command: ['/bin/sh', '-c', isAlive] },
  // The file of the last container may lie in a volume that outlives it.
  initialDelaySeconds: 30,
  periodSeconds: 30,
  timeoutSeconds: 10,
  failureThreshold: 2,
};
