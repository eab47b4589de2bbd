"use strict";
(() => {
  const unpack = async (packed) => {
    const bytes = Uint8Array.from(atob(packed), (each) => each.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  const show = async () => {
    const data = JSON.parse(document.getElementById("qe-data").textContent);
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "");
    frame.srcdoc = await unpack(data.preview);
    document.getElementById("main").append(frame);
  };
  show();
})();
