"""Pages."""

from django.urls import path

from live import views

urlpatterns = [
    path("", views.logs, name="logs"),
    path("cards/", views.log_cards, name="log-cards"),
    path("logs/<slug:slug>/", views.log, name="log"),
]
