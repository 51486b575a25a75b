# The image of api, worker and migrate: one image, three commands. Nothing but Python, the locked packages and the built
# page is in it; ffmpeg and the typesetter come with those packages. Node only builds the page. For x86-64 and ARM64 alike.
#
# Which bases: these tags, or what you name in .env (docs/deployment.md): a mirror of your own, or a digest.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
# The page shows lists and examples that the service reads too.
COPY configs ../configs
COPY web ./
RUN npm run build
RUN npm run --silent sbom > page-sbom.cdx.json

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN apt-get update && apt-get install -y --no-install-recommends binutils patchelf
# pip stays outside: what installs packages is no part of what runs.
RUN python -m venv --without-pip /opt/vigpack
WORKDIR /src
# The packages first: they change seldom, so this layer is kept when only our own code changes.
COPY requirements/run.txt requirements/sbom.txt requirements/
RUN pip --python /opt/vigpack/bin/python install --no-compile --require-hashes -r requirements/run.txt \
 && python -m venv /opt/sbom && pip --python /opt/sbom/bin/python install --require-hashes -r requirements/sbom.txt
COPY pyproject.toml README.md ./
COPY install/image install/image
COPY api api
COPY cli cli
COPY configs configs
COPY pipeline pipeline
COPY records records
COPY worker worker
# Then what only built it goes, and nothing that runs may miss it; and the list of what is in it (CycloneDX) is written.
RUN pip --python /opt/vigpack/bin/python install --no-compile --no-deps --no-build-isolation . \
 && pip --python /opt/vigpack/bin/python uninstall --yes editables hatchling pathspec pluggy tomlkit trove-classifiers \
 && pip --python /opt/vigpack/bin/python check \
 && python install/image/slim.py /opt/vigpack/bin/python \
 && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --output-file /opt/vigpack/sbom.cdx.json /opt/vigpack/bin/python

FROM ${PYTHON_IMAGE}
# A user with no name elsewhere, no shell and no home. /data and /keys are made here so that new volumes belong to that user.
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vigpack \
 && install -d -m 0700 -o vigpack -g vigpack /data /keys
COPY --from=build /opt/vigpack /opt/vigpack
COPY --from=page /src/web/dist /opt/vigpack/lib/python3.13/site-packages/web/dist
COPY --from=page /src/web/page-sbom.cdx.json /opt/vigpack/page-sbom.cdx.json
ENV PATH=/opt/vigpack/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    VIGPACK_DATA_DIR=/data
USER vigpack
WORKDIR /data
VOLUME /data
EXPOSE 8000
CMD ["vigpack", "doctor"]
