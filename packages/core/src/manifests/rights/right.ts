/** One rule of RBAC and why it is there. */
export interface Right {
  /** Empty for the core group. */
  apiGroup: string;
  resources: readonly string[];
  verbs: readonly string[];
  /** Only objects of these names. */
  names?: readonly string[];
  /** What the process does with it, in a sentence for docs/rights.md. */
  why: string;
}

/** What a ServiceAccount may do in one place. */
export interface Grant {
  /** Where; absent for the whole cluster. */
  namespace?: string;
  rights: readonly Right[];
}

export interface ProcessRights {
  /** The ServiceAccount, in the operator's namespace. */
  account: string;
  /** What the process is, in a sentence. */
  is: string;
  grants: readonly Grant[];
}

export const read = ['get', 'list', 'watch'] as const;

/** Privileged pods on OpenShift; elsewhere nobody asks. */
export const privilegedPods: Right = {
  apiGroup: 'security.openshift.io',
  resources: ['securitycontextconstraints'],
  verbs: ['use'],
  names: ['privileged'],
  why: 'OpenShift admits the pod, which works on the network of its node.',
};

export const events: Right = {
  apiGroup: 'events.k8s.io',
  resources: ['events'],
  verbs: ['create'],
  why: 'Tells people of what changed, where `kubectl describe` shows it.',
};

/** What a process asks before it answers a scrape of its metrics. */
export const reviews: readonly Right[] = [
  {
    apiGroup: 'authentication.k8s.io',
    resources: ['tokenreviews'],
    verbs: ['create'],
    why: 'Asks who scrapes its metrics.',
  },
  {
    apiGroup: 'authorization.k8s.io',
    resources: ['subjectaccessreviews'],
    verbs: ['create'],
    why: 'Asks whether that user may read metrics.',
  },
];
