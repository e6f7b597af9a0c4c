/**
 * IPv4 addresses: which are well formed, which are reachable only from here, and which share a /24.
 *
 * @module
 */

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** True for a dotted quad without leading zeros. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/**
 * True for an IPv4 address that no public node can have: this network, private (RFC 1918, RFC 6598), loopback,
 * link-local, benchmarking, multicast, reserved.
 */
export function isPrivateIpv4(ip: string): boolean {
  const [a = 0, b = 0, c = 0] = ip.split(".").map(Number);
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && c === 0) ||
    (a === 198 && (b === 18 || b === 19)) ||
    a >= 224
  );
}

/** True for an address that no host can have, private network or not: `0.x`, multicast, reserved, broadcast. */
export function isUnusableIpv4(ip: string): boolean {
  const first = Number(ip.slice(0, ip.indexOf(".")));
  return first === 0 || first >= 224;
}

/** True when a URL's host name names this machine or a private IPv4 network. */
export function isPrivateHost(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]") return true;
  return isIpv4(hostname) && isPrivateIpv4(hostname);
}

/** The first three octets, which name the /24 of an address. */
export function subnet24(ip: string): string {
  return ip.slice(0, ip.lastIndexOf("."));
}
