// Original file: proto/p4runtime.proto


export interface WriteResponse {
}

export interface WriteResponse__Output {
}
