# JupyterLab with the course, for the `lab` service of docker-compose.yml.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /warren
COPY . .
RUN python3 tools/install.py lab

# Any user may run it: whoever's `work/` is mounted.
ENV HOME=/tmp/home
EXPOSE 8880
CMD [".venv/bin/warren", "lab", "--ip", "0.0.0.0", "--port", "8880", "--no-browser"]
