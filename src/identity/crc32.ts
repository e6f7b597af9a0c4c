/**
 * CRC-32 as zlib has it (ISO-HDLC): reflected polynomial 0xEDB88320, start and final XOR all ones, unsigned.
 * A recovery phrase feeds it about 40 bytes, so a table would cost more than it saves.
 */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0xedb8_8320);
  }
  return ~crc >>> 0;
}
