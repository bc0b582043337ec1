// Original file: proto/dpu_operator/v1/virtual_function.proto

export const VfResizing = {
  VF_RESIZING_UNSPECIFIED: 'VF_RESIZING_UNSPECIFIED',
  VF_RESIZING_NEVER: 'VF_RESIZING_NEVER',
  VF_RESIZING_WHEN_UNUSED: 'VF_RESIZING_WHEN_UNUSED',
  VF_RESIZING_LIVE: 'VF_RESIZING_LIVE',
} as const;

export type VfResizing =
  | 'VF_RESIZING_UNSPECIFIED'
  | 0
  | 'VF_RESIZING_NEVER'
  | 1
  | 'VF_RESIZING_WHEN_UNUSED'
  | 2
  | 'VF_RESIZING_LIVE'
  | 3

export type VfResizing__Output = typeof VfResizing[keyof typeof VfResizing]
