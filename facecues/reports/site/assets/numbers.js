// The same rounding as facecues.reports.numbers: half-even on the shortest decimal that is this float.
"use strict";
function rounded(value, digits) {
  const [mantissa, exponent = "0"] = String(Math.abs(value)).split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  let units = BigInt(whole + fraction);            // value = units · 10^-places
  const places = fraction.length - Number(exponent);
  if (places <= digits) {
    units *= 10n ** BigInt(digits - places);
  } else {
    const step = 10n ** BigInt(places - digits);
    const rest = units % step;
    units /= step;
    if (2n * rest > step || (2n * rest === step && units % 2n === 1n)) units += 1n;
  }
  const text = String(units).padStart(digits + 1, "0");
  const shown = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  return value < 0 && units > 0n ? `−${shown}` : shown;
}
