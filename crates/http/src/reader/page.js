"use strict";

// Shows what /openapi.json says. Everything is set as text, so nothing in it can be markup.

const make = (name, text, ...children) => {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
};

const shape = (schema) => {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const forms = schema.oneOf || schema.anyOf;
  if (forms) return forms.map(shape).join(" | ");
  if (schema.type === "array") return `[${shape(schema.items || {})}]`;
  return [].concat(schema.type || "any").join(" | ");
};

const details = (title, schema, schemas) => {
  const name = schema.$ref && schema.$ref.split("/").pop();
  const shown = name ? schemas[name] : schema;
  const body = make("pre", JSON.stringify(shown, null, 2));
  return make("details", "", make("summary", `${title}: ${shape(schema)}`), body);
};

const operation = (path, method, described, schemas) => {
  const heading = make("h2", "", make("b", method), ` ${path}`);
  const parts = [heading, make("p", described.summary)];
  const right = described["x-right"];
  parts.push(make("p", right ? `It takes the right to ${right}.` : "It takes no right."));
  if (described.parameters) {
    const rows = described.parameters.map((it) =>
      make("tr", "", make("td", "", make("code", it.name)), make("td", it.in),
        make("td", shape(it.schema)), make("td", it.description)));
    parts.push(make("table", "", make("tbody", "", ...rows)));
  }
  if (described.requestBody) {
    const sent = described.requestBody.content["application/json"].schema;
    parts.push(details("what is sent", sent, schemas));
  }
  const answer = Object.entries(described.responses["200"].content || {});
  for (const [media, { schema }] of answer) parts.push(details(media, schema, schemas));
  return make("section", "", ...parts);
};

const show = async () => {
  const main = document.getElementById("operations");
  const answer = await fetch("/openapi.json");
  const api = await answer.json();
  document.getElementById("about").textContent = api.info.description;
  main.replaceChildren();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      main.append(operation(path, method, described, api.components.schemas));
    }
  }
  main.removeAttribute("aria-busy");
};

show().catch((error) => {
  document.getElementById("operations").textContent = `The description cannot be read: ${error}`;
});
