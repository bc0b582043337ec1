/** What of a pod OpenShift's SecurityContextConstraints and Kubernetes' Pod Security look at, in words of what they forbid. */

export interface PodSpec {
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  securityContext?: Security;
  containers: Container[];
  initContainers?: Container[];
  volumes?: Record<string, unknown>[];
}

interface Container {
  name: string;
  ports?: { hostPort?: number }[];
  securityContext?: Security;
}

interface Security {
  privileged?: boolean;
  runAsUser?: number;
  runAsNonRoot?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { add?: string[]; drop?: string[] };
  seccompProfile?: { type: string };
  seLinuxOptions?: { type?: string; user?: string; role?: string };
}

/** Those that neither restricted-v2 nor the level `restricted` forbids. */
const harmlessVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** Capabilities that the level `baseline` lets be added. */
const baselineCapabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

const baselineSeLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

/** Why the level `baseline` refuses the pod (https://kubernetes.io/docs/concepts/security/pod-security-standards/). */
export function againstBaseline(pod: PodSpec): string[] {
  return [
    ...hostNamespaces(pod),
    ...volumeKinds(pod).filter((kind) => kind === 'hostPath'),
    ...securities(pod).flatMap(({ name, security, ports }) =>
      told(name, {
        privileged: security.privileged === true,
        capabilities: (security.capabilities?.add ?? []).some((one) => !baselineCapabilities.includes(one)),
        seccomp: security.seccompProfile?.type === 'Unconfined',
        selinux: !baselineSeLinuxTypes.includes(security.seLinuxOptions?.type ?? ''),
        hostPort: ports.some(({ hostPort }) => hostPort),
      }),
    ),
  ];
}

/** Why the level `restricted` refuses the pod. */
export function againstRestricted(pod: PodSpec): string[] {
  return [
    ...againstBaseline(pod),
    ...volumeKinds(pod).filter((kind) => !harmlessVolumes.includes(kind)),
    ...securities(pod).flatMap(({ name, security }) =>
      told(name, {
        escalation: security.allowPrivilegeEscalation !== false,
        root: security.runAsNonRoot !== true || security.runAsUser === 0,
        drop: !security.capabilities?.drop?.includes('ALL'),
        add: (security.capabilities?.add ?? []).some((one) => one !== 'NET_BIND_SERVICE'),
        seccomp: !['RuntimeDefault', 'Localhost'].includes(security.seccompProfile?.type ?? ''),
      }),
    ),
  ];
}

/**
 * Why the SCC restricted-v2 refuses the pod. What the pod leaves open it fills in: a user of the namespace's range, seccomp,
 * no capabilities (https://docs.redhat.com/en/documentation/openshift_container_platform, managing SCCs).
 */
export function againstRestrictedV2(pod: PodSpec): string[] {
  return [
    ...hostNamespaces(pod),
    ...volumeKinds(pod).filter((kind) => !harmlessVolumes.includes(kind)),
    ...securities(pod).flatMap(({ name, security, ports }) =>
      told(name, {
        privileged: security.privileged === true,
        // Whatever it is: no manifest knows the range of the namespace.
        user: security.runAsUser !== undefined,
        escalation: security.allowPrivilegeEscalation === true,
        add: (security.capabilities?.add ?? []).some((one) => one !== 'NET_BIND_SERVICE'),
        seccomp: !['', 'RuntimeDefault'].includes(security.seccompProfile?.type ?? ''),
        selinux: security.seLinuxOptions !== undefined,
        hostPort: ports.some(({ hostPort }) => hostPort),
      }),
    ),
  ];
}

function hostNamespaces({ hostNetwork, hostPID, hostIPC }: PodSpec): string[] {
  return told('pod', { hostNetwork, hostPID, hostIPC });
}

function volumeKinds({ volumes = [] }: PodSpec): string[] {
  return volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'));
}

/** Each container's settings over those of its pod. */
function securities({ securityContext, containers, initContainers = [] }: PodSpec) {
  return [...initContainers, ...containers].map(({ name, securityContext: own, ports = [] }) => {
    const security: Security = { ...securityContext, ...own };
    return { name, security, ports };
  });
}

function told(name: string, wrong: Record<string, boolean | undefined>): string[] {
  return Object.entries(wrong).flatMap(([what, is]) => (is ? [`${name}: ${what}`] : []));
}
