"""Below /api/v1/: each app's resources and the documents."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
