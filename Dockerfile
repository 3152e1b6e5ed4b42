FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# The packages first: they change less often than the code.
COPY constraints.txt pyproject.toml README.md ./
RUN mkdir -p actions doplatform \
    && touch actions/__init__.py doplatform/__init__.py \
    && pip install --constraint constraints.txt --editable .

COPY . .
# The key is for this command only; collectstatic reads no data.
RUN SECRET_KEY=build DEMO=False python manage.py collectstatic --noinput \
    && useradd --system --no-create-home --shell /usr/sbin/nologin doplatform

USER doplatform
EXPOSE 8000
# Web processes; each has its share of a key's rate, and DATABASE_POOL connections to PostgreSQL at the most.
ENV WEB_CONCURRENCY=2
CMD ["gunicorn", "--config", "python:doplatform.serving", "doplatform.wsgi", "--bind", "0.0.0.0:8000"]
