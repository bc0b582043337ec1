// Original file: proto/vendor/vendor.proto


export interface Empty {
}

export interface Empty__Output {
}
