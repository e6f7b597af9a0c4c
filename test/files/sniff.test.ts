import fc from "fast-check";
import { describeFile, imageDimensions, sniffContentType } from "session-messenger-sdk/files/sniff";
import { expect, test } from "vitest";

const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

const PNG = base64(
  "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
);
const GIF = base64("R0lGODlhAwACAIAAAAAAAP///yH5BAEAAAAALAAAAAADAAIAAAICRAoAOw==");

/** The beginning of a JPEG of 40 by 30 pixels with an EXIF orientation. */
function jpeg(orientation: number): Uint8Array {
  const tiff = `MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0${String.fromCharCode(orientation)}\0\0\0\0\0\0`;
  const exif = `Exif\0\0${tiff}`;
  const app1 = `\xff\xe1\0${String.fromCharCode(exif.length + 2)}${exif}`;
  return latin1(
    `\xff\xd8${app1}\xff\xc0\0\x11\x08\0\x1e\0\x28\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9`,
  );
}

test("knows pictures and their dimensions", async () => {
  expect(await describeFile(PNG)).toEqual({ contentType: "image/png", width: 5, height: 5 });
  expect(await describeFile(GIF)).toEqual({ contentType: "image/gif", width: 3, height: 2 });
});

test("gives dimensions as shown, EXIF orientation considered", async () => {
  for (const orientation of [1, 2, 3, 4]) {
    expect(await describeFile(jpeg(orientation))).toEqual({
      contentType: "image/jpeg",
      width: 40,
      height: 30,
    });
  }
  for (const orientation of [5, 6, 7, 8]) {
    expect(await imageDimensions(jpeg(orientation))).toEqual({ width: 30, height: 40 });
  }
});

test("knows other files by their signature", async () => {
  expect(await sniffContentType(latin1("%PDF-1.7\n"))).toBe("application/pdf");
  expect(await sniffContentType(latin1("\0\0\0\x20ftypM4A \0\0\0\0"))).toBe("audio/mp4");
  expect(await sniffContentType(latin1("\0\0\0\x20ftypisom\0\0\x02\0"))).toBe("video/mp4");
  expect(await sniffContentType(latin1("\xff\xfb\x90\x44"))).toBe("audio/mpeg");
  expect(await describeFile(latin1("%PDF-1.7\n"))).toEqual({ contentType: "application/pdf" });
});

test("says nothing about text and nothing", async () => {
  expect(await sniffContentType(latin1("hello"))).toBeUndefined();
  expect(await sniffContentType(new Uint8Array(0))).toBeUndefined();
  expect(await imageDimensions(latin1("hello"))).toBeUndefined();
  expect(await describeFile(new Uint8Array(0))).toEqual({ contentType: "application/octet-stream" });
});

test("survives anything, and pictures cut anywhere", async () => {
  for (const picture of [PNG, GIF, jpeg(6)]) {
    for (let length = 0; length < picture.length; length++) {
      expect((await describeFile(picture.subarray(0, length))).contentType).toMatch(/\//);
    }
  }
  const starts = fc.constantFrom(
    PNG,
    GIF,
    jpeg(1),
    latin1("PK\x03\x04"),
    latin1("RIFF"),
    latin1("II*\0"),
    latin1("OggS"),
    new Uint8Array(0),
  );
  await fc.assert(
    fc.asyncProperty(starts, fc.nat(60), fc.uint8Array({ maxLength: 200 }), async (start, length, rest) => {
      const file = new Uint8Array([...start.subarray(0, length), ...rest]);
      expect((await describeFile(file)).contentType).toMatch(/\//);
    }),
  );
});
