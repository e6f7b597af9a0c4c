import fc from "fast-check";
import {
  communityDestination,
  communityKey,
  formatCommunityLink,
  isSameCommunity,
  OFFICIAL_COMMUNITY,
  parseBaseUrl,
  parseCommunityLink,
} from "session-messenger-sdk/communities";
import { isSessionError } from "session-messenger-sdk/errors";
import { describe, expect, it } from "vitest";
import { runs } from "./support.js";

const KEY = "cefcefc6d39a2e94df8f9c298bf5dd840c0d2e1dce415af9de17c42fae9b33a4";
const query = `?public_key=${KEY}`;

const code = (task: () => unknown): string | undefined => {
  try {
    task();
  } catch (error) {
    if (isSessionError(error)) return error.code;
    throw error;
  }
  return undefined;
};

describe("links", () => {
  it("takes every form that apps share", () => {
    const plain = { baseUrl: "https://example.org", token: "Lobby", publicKey: KEY };
    const forms = [
      `https://example.org/Lobby${query}`,
      `HTTPS://EXAMPLE.org:443/r/Lobby${query}`,
      `  https://example.org/Lobby?public_key=${KEY.toUpperCase()}\n`,
      "https://example.org/Lobby?public_key=zvzvxtOaLpTfj5wpi/XdhAwNLh3OQVr53hfEL66bM6Q",
      "https://example.org/Lobby?public_key=zvzvxtOaLpTfj5wpi/XdhAwNLh3OQVr53hfEL66bM6Q=",
      "https://example.org/Lobby?public_key=356q9tsuuezjjzhxuowaz7q7oogy4mo733yii6q6n9nn9mw5gq1y",
    ];
    for (const form of forms) expect(parseCommunityLink(form)).toEqual(plain);
  });

  it("reads a link without scheme as http, and a room that is called r", () => {
    expect(parseCommunityLink(`example.org:8080/x${query}`).baseUrl).toBe("http://example.org:8080");
    expect(parseCommunityLink(`https://example.org/r${query}`)).toMatchObject({ token: "r" });
    expect(parseCommunityLink(`https://example.org/r/r${query}`)).toMatchObject({ token: "r" });
  });

  const hostile = [
    ["a host without dot", `https://localhost/x${query}`],
    ["an IPv6 address", `https://[::1]/x${query}`],
    ["user name and password", `https://open.getsession.org@evil.example/x${query}`],
    ["a backslash", `https://evil.example\\@open.getsession.org/x${query}`],
    ["a host with underscore", `https://my_host.example/x${query}`],
    ["a final dot", `https://example.org./x${query}`],
    ["an empty label", `https://example..org/x${query}`],
    ["a top level of one letter", `https://example.o/x${query}`],
    ["an address in other notation", `https://0x7f.1/x${query}`],
    ["an address above 255", `https://300.1.1.1/x${query}`],
    ["other letters", `https://exаmple.org/x${query}`],
    ["port 0", `https://example.org:0/x${query}`],
    ["a port above 65535", `https://example.org:65536/x${query}`],
    ["a longer path", `https://example.org/a/b${query}`],
    ["a second query member", `https://example.org/x${query}&a=b`],
    ["a fragment", `https://example.org/x${query}#d`],
    ["a key of zeros in number", `https://example.org/x?public_key=${"0".repeat(63)}`],
    ["a key with other characters", `https://example.org/x?public_key=${"g".repeat(64)}`],
    ["white space inside", `https://example.org/x y${query}`],
    ["a script", `javascript:alert(1)//example.org/x${query}`],
    ["a token that is too long", `https://example.org/${"x".repeat(65)}${query}`],
    ["a name that is too long", `https://${"a.".repeat(140)}org/x${query}`],
    ["a very long text", `https://example.org/${"/".repeat(200_000)}`],
  ] as const;
  for (const [what, link] of hostile) {
    it(`refuses ${what}`, () => expect(code(() => parseCommunityLink(link))).toBe("COMMUNITY_LINK_INVALID"));
  }

  it("knows rooms that are the same", () => {
    const token = "session";
    const same = [
      { ...OFFICIAL_COMMUNITY, token },
      { baseUrl: "http://open.getsession.org", token: "SESSION" },
      { baseUrl: "http://116.203.70.33", token },
    ];
    for (const link of same)
      expect(isSameCommunity(link, { baseUrl: "https://116.203.70.33", token })).toBe(true);
    expect(
      isSameCommunity({ baseUrl: "https://a.example", token }, { baseUrl: "https://b.example", token }),
    ).toBe(false);
    expect(communityKey({ baseUrl: "https://a.example:8443", token: "X" })).toBe("a.example:8443/x");
  });

  it("names the destination of onion requests", () => {
    expect(communityDestination({ baseUrl: "https://example.org", publicKey: KEY })).toEqual({
      protocol: "https",
      host: "example.org",
      port: 443,
      x25519PublicKey: KEY,
    });
    expect(communityDestination({ baseUrl: "http://192.0.2.1:8080", publicKey: KEY })).toMatchObject({
      protocol: "http",
      port: 8080,
    });
  });

  it("gives back what was formatted, and refuses all else with one code", () => {
    const label = fc.stringMatching(/^[a-z0-9]{2,12}$/);
    const link = fc.record({
      protocol: fc.constantFrom("http", "https"),
      host: fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => [...labels, "org"].join(".")),
      port: fc.integer({ min: 1, max: 65535 }),
      token: fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/),
      publicKey: fc.stringMatching(/^[0-9a-f]{64}$/),
    });
    fc.assert(
      fc.property(link, ({ protocol, host, port, token, publicKey }) => {
        const baseUrl = parseBaseUrl(`${protocol}://${host}:${port}`);
        const parsed = parseCommunityLink(formatCommunityLink({ baseUrl, token, publicKey }));
        expect(parsed).toEqual({ baseUrl, token, publicKey });
        expect(parseBaseUrl(baseUrl)).toBe(baseUrl);
      }),
      runs(100),
    );
    const near = fc
      .mixedCase(fc.constant(`https://example.org:443/r/room${query}`))
      .chain((text) =>
        fc
          .tuple(fc.nat(text.length), fc.string({ maxLength: 3 }))
          .map(([at, noise]) => text.slice(0, at) + noise + text.slice(at + 1)),
      );
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        expect([undefined, "COMMUNITY_LINK_INVALID"]).toContain(code(() => parseCommunityLink(text)));
      }),
      runs(200),
    );
  });
});
